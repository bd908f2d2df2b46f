import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadingName } from "../../../../../src/connectors/postgres/sink/replace/loading-name.ts";

describe("loadingName()", () => {
  test("is the table's name and the run's where both fit", () => {
    expect(loadingName("orders", "01M832VNYEB95X3M8CPX8C29Q3")).toBe("orders__01M832VNYEB95X3M8CPX8C29Q3");
  });

  test("never is longer than a name may be, whole characters, and another one for every table and run", () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 63 });
    fc.assert(
      fc.property(
        name,
        name,
        fc.string({ unit: "grapheme-ascii", minLength: 20, maxLength: 40 }),
        (one, other, run) => {
          const made = loadingName(one, run);
          expect(Buffer.byteLength(made)).toBeLessThanOrEqual(63);
          expect(made.isWellFormed()).toBe(one.isWellFormed());
          if (one !== other) expect(made).not.toBe(loadingName(other, run));
          expect(made).not.toBe(loadingName(one, `${run}1`));
        },
      ),
    );
  });
});
