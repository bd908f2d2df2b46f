import { describe, expect, it } from "vitest";
import { ProcessMeter } from "../../../src/observability/process-meter.ts";
import { collectGarbageUntil } from "../../support/collect-garbage.ts";

describe("ProcessMeter", () => {
  it("measures memory, collections and how late the loop is", async () => {
    using meter = new ProcessMeter();
    await collectGarbageUntil(() => meter.figures().gc.count > 0);
    const { peakRssBytes, gc, eventLoopP99Ms } = meter.figures();
    expect(peakRssBytes).toBeGreaterThan(10_000_000);
    expect(gc.count).toBeGreaterThan(0);
    expect(gc.totalMs).toBeGreaterThanOrEqual(gc.maxMs);
    expect(eventLoopP99Ms).toBeGreaterThanOrEqual(0);
  });

  it("keeps its figures after it is disposed", () => {
    const meter = new ProcessMeter();
    meter[Symbol.dispose]();
    expect(meter.figures().gc).toEqual(meter.figures().gc);
  });
});
