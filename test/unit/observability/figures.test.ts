import { describe, expect, it } from "vitest";
import {
  formatCount,
  formatCounted,
  formatPercent,
  formatSize,
  roundToDigits,
} from "../../../src/observability/figures.ts";

describe("figures", () => {
  it("formatCount() separates thousands and rounds", () => {
    expect([0, 999, 391_204, 512_300.4].map(formatCount)).toEqual(["0", "999", "391,204", "512,300"]);
  });

  it("formatSize() uses decimal units", () => {
    const sizes = [0, 999, 1_500, 9_960_000, 121_400_000, 1_250_000_000, 2e12];
    expect(sizes.map(formatSize)).toEqual(["0 B", "999 B", "1.5 kB", "10 MB", "121 MB", "1.3 GB", "2,000 GB"]);
  });

  it("formatPercent() never rounds up to a whole", () => {
    expect([0, 0.29, 0.5, 0.999, 1].map(formatPercent)).toEqual(["0 %", "29 %", "50 %", "99 %", "100 %"]);
  });

  it("formatCounted() puts the noun in the right number", () => {
    expect([0, 1, 1_200].map((count) => formatCounted(count, "row"))).toEqual(["0 rows", "1 row", "1,200 rows"]);
  });

  it("roundToDigits() keeps an estimate from looking exact", () => {
    expect([499_873, 4, 123_456_789].map((value) => roundToDigits(value, 3))).toEqual([500_000, 4, 123_000_000]);
  });
});
