import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apartByKeys } from "../../../src/bench/insert/loadable-rows.ts";
import { cutUnits, joined } from "../../../src/bench/insert/rows.ts";
import type { SinkOutput } from "../../../src/core/result.ts";

function partOf(lines: readonly string[]): Pick<SinkOutput, "bytes" | "rowEnds"> {
  let end = 0;
  return {
    bytes: Buffer.from(lines.join("")),
    rowEnds: Int32Array.from(lines, (line) => (end += Buffer.byteLength(line))),
  };
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

describe("cutUnits()", () => {
  test("gives all rows in order, in whole rows, with units that are full but for the last", () => {
    const lines = fc.array(fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" }), { minLength: 1 });
    fc.assert(
      fc.property(
        fc.array(lines, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 60 }),
        (parts, unitBytes) => {
          const all = parts.flat();
          const units = cutUnits(joined("sink", parts.map(partOf)), unitBytes);
          const slices = units.flat();
          expect(slices.map(({ bytes }) => textOf(bytes)).join("")).toBe(all.join(""));
          expect(slices.reduce((sum, { rows }) => sum + rows, 0)).toBe(all.length);
          let row = 0;
          for (const slice of slices) {
            expect(textOf(slice.bytes)).toBe(all.slice(row, row + slice.rows).join(""));
            row += slice.rows;
          }
          const sizes = units.map((unit) => unit.reduce((sum, { bytes }) => sum + bytes.length, 0));
          expect(sizes.slice(0, -1).every((size) => size >= unitBytes)).toBe(true);
        },
      ),
    );
  });
});

describe("apartByKeys()", () => {
  const columns = ["id", "region", "name"];
  const rows = joined("sink", [
    partOf(["1\teu\ta\n", "2\teu\tb\n", "\\N\teu\tc\n"]),
    partOf(["1\tus\td\n", "\\N\teu\te\n", "1\teu\tf\n"]),
  ]);
  const key = (names: readonly string[], nullsAlike = false) => ({
    name: "k",
    columns: names,
    primary: false,
    nullsAlike,
  });
  const kept = (...keys: Parameters<typeof apartByKeys>[2]) =>
    textOf(apartByKeys(rows, columns, keys).bytes).replaceAll(/.*\t(.)\n/g, "$1");

  test("keeps the last row of each key, and every row whose key holds a null", () => {
    expect(kept(key(["id"]))).toBe("bcef");
    expect(kept(key(["id", "region"]))).toBe("bcdef");
    expect(kept(key(["id"], true))).toBe("bef");
    expect(kept(key(["id", "region"]), key(["name"]))).toBe("bcdef");
  });

  test("leaves alone what it cannot tell: a key of a column that is not written", () => {
    expect(kept(key(["id", "tenant"]))).toBe("abcdef");
  });
});
