import { describe, expect, test } from "vitest";
import { OutputEstimate } from "../../../src/actors/output-estimate.ts";

describe("OutputEstimate", () => {
  test("grows at once with what a chunk took, and forgets slowly", () => {
    const estimate = new OutputEstimate();
    const first = estimate.output(100_000);
    expect(first).toBeGreaterThan(100_000);
    estimate.learn(100_000, 300_000, 80_000);
    expect(estimate.output(100_000)).toBeGreaterThan(300_000);
    expect(estimate.index(100_000)).toBeGreaterThan(80_000);
    const largest = estimate.output(100_000);
    estimate.learn(100_000, 50_000, 1_000);
    expect(estimate.output(100_000)).toBeLessThan(largest);
    expect(estimate.output(100_000)).toBeGreaterThan(0.9 * largest);
    for (let chunk = 0; chunk < 200; chunk++) estimate.learn(100_000, 50_000, 1_000);
    expect(estimate.output(100_000)).toBeLessThan(first);
    expect(estimate.output(100_000)).toBeGreaterThan(50_000);
  });

  test("learns nothing of a chunk without bytes", () => {
    const estimate = new OutputEstimate();
    const before = [estimate.output(1000), estimate.index(1000)];
    estimate.learn(0, 10, 10);
    expect([estimate.output(1000), estimate.index(1000)]).toEqual(before);
  });
});
