import { describe, expect, test } from "vitest";
import { passedLimit } from "../../../src/actors/reject-limits.ts";

const limits = { maxRejects: null, maxRejectRate: 0.05, minRecords: 1000 };

describe("passedLimit()", () => {
  test.each([
    { read: 999, rejected: 999, passed: false },
    { read: 1000, rejected: 50, passed: false },
    { read: 1000, rejected: 51, passed: true },
    { read: 0, rejected: 0, passed: false },
  ])("holds the rate from minRecords on: $rejected of $read: $passed", ({ read, rejected, passed }) => {
    expect(passedLimit(limits, read, rejected) !== null).toBe(passed);
  });

  test("holds the number from the first record on, and tells both figures", () => {
    const few = { ...limits, maxRejects: 2 };
    expect(passedLimit(few, 10, 2)).toBeNull();
    expect(passedLimit(few, 10, 3)).toBe("3 of 10 records were rejected; errors.maxRejects is 2");
    expect(passedLimit(limits, 2000, 200)).toBe(
      "200 of 2000 records were rejected (10.0 %); errors.maxRejectRate is 5.0 %",
    );
  });

  test("allows no reject at all with a rate of 0 and nothing but rejects with 1", () => {
    expect(passedLimit({ ...limits, maxRejectRate: 0, minRecords: 0 }, 1, 1)).not.toBeNull();
    expect(passedLimit({ ...limits, maxRejectRate: 0, minRecords: 0 }, 0, 0)).toBeNull();
    expect(passedLimit({ ...limits, maxRejectRate: 1 }, 5000, 5000)).toBeNull();
  });
});
