import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PartitionSpec } from "../../../src/core/ports/format.ts";
import { partitionPiece } from "../../../src/task/partition-piece.ts";
import { RowPartitions } from "../../../src/task/row-partitions.ts";

const slash: PartitionSpec = { fields: ["day"], separator: "/", maxBytes: 255 };

describe("partitionPiece()", () => {
  test.each([
    ["2026-01-31", "day=2026-01-31"],
    ["", "day="],
    [null, "day=__HIVE_DEFAULT_PARTITION__"],
    [undefined, "day=__HIVE_DEFAULT_PARTITION__"],
    ["__HIVE_DEFAULT_PARTITION__", "day=%5F_HIVE_DEFAULT_PARTITION__"],
    [7, "day=7"],
    [true, "day=true"],
    [new Date(Date.UTC(2026, 0, 31)), "day=2026-01-31T00%3A00%3A00.000Z"],
    ["../../etc/passwd", "day=..%2F..%2Fetc%2Fpasswd"],
    ["..", "day=.%2E"],
    ["a\\b\n100%", "day=a%5Cb%0A100%25"],
    ["東京 🚲", "day=東京 🚲"],
    ["end ", "day=end%20"],
    ["a,b", "day=a,b"],
  ])("names %j %s", (value, piece) => {
    expect(partitionPiece("day", value, slash)).toBe(piece);
  });

  test("escapes what stands between the pieces, and the field's name", () => {
    expect(partitionPiece("a/b", "x,y", { ...slash, separator: "," })).toBe("a%2Fb=x%2Cy");
  });

  test("refuses a value that no file's name can hold, with its length", () => {
    expect(() => partitionPiece("day", "é".repeat(126), slash)).toThrow(
      expect.objectContaining({
        code: "VALUE_INVALID",
        message: 'field "day": its value is too long for the name of a partition (256 bytes, at most 255)',
      }),
    );
    expect(partitionPiece("day", "x".repeat(251), slash)).toHaveLength(255);
    expect(() => partitionPiece("day", "\ud800", slash)).toThrow(expect.objectContaining({ code: "VALUE_INVALID" }));
  });

  test("is one name inside its folder, another one for every other value", () => {
    const values = fc.uniqueArray(fc.string({ unit: "grapheme", maxLength: 8 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(values, (texts) => {
        const pieces = [null, ...texts].map((text) => partitionPiece("f", text, slash));
        expect(new Set(pieces).size).toBe(pieces.length);
        // oxlint-disable-next-line no-control-regex
        for (const piece of pieces) expect(piece).toMatch(/^f=[^/\\\u0000-\u001f]*$/);
      }),
    );
  });
});

describe("RowPartitions", () => {
  test("numbers the partitions of a chunk in the order in which they are met", () => {
    const partitions = new RowPartitions({ fields: ["a", "b"], separator: "/", maxBytes: 255 });
    partitions.begin();
    const records = [{ a: 1, b: "x" }, { a: 1, b: "y" }, { a: 1, b: "x" }, { b: "x" }, { a: null, b: "x" }];
    expect(records.map((record) => partitions.numberOf(record))).toEqual([0, 1, 0, 2, 2]);
    expect(partitions.names).toEqual(["a=1/b=x", "a=1/b=y", "a=__HIVE_DEFAULT_PARTITION__/b=x"]);
    partitions.begin();
    expect(partitions.numberOf({ a: 2, b: "x" })).toBe(0);
    expect(partitions.names).toEqual(["a=2/b=x"]);
  });

  test("tells values apart that look alike, and takes no inherited field", () => {
    const partitions = new RowPartitions({ fields: ["toString"], separator: "/", maxBytes: 255 });
    partitions.begin();
    expect(partitions.numberOf({ other: 1 })).toBe(0);
    expect(partitions.numberOf({ toString: "null" })).toBe(1);
    expect(partitions.names).toEqual(["toString=__HIVE_DEFAULT_PARTITION__", "toString=null"]);
    expect(() => partitions.numberOf(["no", "fields"])).toThrow(expect.objectContaining({ code: "NOT_AN_OBJECT" }));
  });
});
