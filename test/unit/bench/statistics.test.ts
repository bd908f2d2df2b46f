import { describe, expect, test } from "vitest";
import { isLevel, measured, spreadOf } from "../../../src/bench/statistics.ts";

describe("measured()", () => {
  test.each([
    [[3], 3, 0],
    [[4, 2], 3, 2 / 3],
    [[10, 8, 9], 9, 2 / 9],
    [[1, 100, 2, 3], 2.5, 99 / 2.5],
  ])("of %j has median %d and spread %d", (values, median, spread) => {
    const all = measured(values);
    expect([all.median, all.least, all.most]).toEqual([median, Math.min(...values), Math.max(...values)]);
    expect(spreadOf(all)).toBeCloseTo(spread);
  });
});

describe("isLevel()", () => {
  test.each([
    ["less than a tenth apart", [100, 100, 100], [91, 91, 91], true],
    ["more than a tenth apart", [100, 100, 100], [89, 89, 89], false],
    ["far apart, but some of the slower ones were faster than some of the others", [100, 60, 110], [50, 70, 50], true],
  ])("of rates %s: the same from both sides", (_what, fast, slow, level) => {
    expect(isLevel(measured(fast), measured(slow))).toBe(level);
    expect(isLevel(measured(slow), measured(fast))).toBe(level);
  });
});
