import { describe, expect, test } from "vitest";
import { addCounts, assertBalanced, countsBetween, isBalanced, NO_COUNTS } from "../../../src/core/ledger.ts";

const some = { read: 10, written: 4, filtered: 3, rejected: 2, folded: 1, emitted: 5, bytes: 60 };

describe("Counts", () => {
  test("are added and told apart", () => {
    const twice = addCounts(some, some);
    expect(twice).toEqual({ read: 20, written: 8, filtered: 6, rejected: 4, folded: 2, emitted: 10, bytes: 120 });
    expect(countsBetween(some, twice)).toEqual(some);
    expect(countsBetween(some, some)).toEqual(NO_COUNTS);
  });

  test("balance when every record read has one outcome", () => {
    expect([isBalanced(NO_COUNTS), isBalanced(some), isBalanced({ ...some, written: 5 })]).toEqual([true, true, false]);
  });
});

describe("assertBalanced()", () => {
  test("passes where the ordinal is what was read, and that is balanced", () => {
    expect(() => assertBalanced("split a", 10n, some)).not.toThrow();
  });

  test.each([
    { ordinal: 11n, counts: some },
    { ordinal: 10n, counts: { ...some, folded: 0 } },
  ])("tells the whole sum where it does not: $ordinal", ({ ordinal, counts }) => {
    expect(() => assertBalanced("split a", ordinal, counts)).toThrow(
      `split a: the ledger does not balance at ordinal ${ordinal}: 10 read, 4 written + 3 filtered + 2 rejected + ${counts.folded} folded`,
    );
  });
});
