import { beforeEach, describe, expect, it } from "vitest";
import { ProgressTracker } from "../../../src/observability/progress.ts";
import { at, chunkDone, rejected, restarting, START, sinkOpened, started } from "./run-script.ts";

describe("ProgressTracker.view()", () => {
  let tracker: ProgressTracker;
  beforeEach(() => {
    tracker = new ProgressTracker();
  });

  it("tells share, pace and rest from records and bytes", () => {
    tracker.observe(started());
    for (let i = 1; i <= 4; i++) tracker.observe(chunkDone(i * 500, 1_000, 100_000));
    expect(tracker.view(START + 2_000)).toMatchObject({
      fraction: 0.4,
      records: 4_000,
      totalRecords: 10_000,
      recordsPerSecond: 2_000,
      elapsedMs: 2_000,
      remainingMs: 3_000,
    });
  });

  it("measures the pace over the last seconds only", () => {
    tracker.observe(started({ totalBytes: null }));
    tracker.observe(chunkDone(1_000, 50_000, 1));
    for (let s = 2; s <= 20; s++) tracker.observe(chunkDone(s * 1_000, 100, 1));
    expect(tracker.view(START + 20_000).recordsPerSecond).toBe(100);
    expect(tracker.view(START + 80_000).recordsPerSecond).toBeLessThan(10);
  });

  it("has no pace when nothing came for some seconds", () => {
    tracker.observe(started({ totalBytes: null }));
    for (let s = 1; s <= 20; s++) tracker.observe(chunkDone(s * 1_000, 100, 1));
    expect(tracker.view(START + 26_000).recordsPerSecond).toBe(0);
  });

  it("keeps its memory small however many chunks there are", () => {
    tracker.observe(started());
    for (let i = 0; i < 10_000; i++) tracker.observe(chunkDone(i, 10, 1));
    expect(tracker.view(START + 10_000).recordsPerSecond).toBeCloseTo(10_000, -3);
  });

  it("knows neither share nor rest without a total", () => {
    tracker.observe(started({ totalBytes: null }));
    tracker.observe(chunkDone(1_000, 10, 10));
    expect(tracker.view(START + 1_000)).toMatchObject({ fraction: null, totalRecords: null, remainingMs: null });
  });

  it("counts an empty source as done", () => {
    tracker.observe(started({ totalBytes: 0 }));
    expect(tracker.view(START + 10)).toMatchObject({ fraction: 1, records: 0, totalRecords: null });
  });

  it("goes on from what an earlier process committed, at this one's pace", () => {
    const resumed = { split: "data/orders.csv", token: "600000", read: 6_000, bytes: 600_000 };
    tracker.observe(started({ resumed }));
    tracker.observe(chunkDone(1_000, 1_000, 100_000));
    expect(tracker.view(START + 1_000)).toMatchObject({ fraction: 0.7, records: 7_000, recordsPerSecond: 1_000 });
  });

  it("falls back to what is committed when actors restart", () => {
    tracker.observe(started());
    tracker.observe(sinkOpened(0));
    tracker.observe(at(0, { kind: "split-started", split: "data/orders.csv", bytes: 1 }));
    for (let i = 1; i <= 5; i++) tracker.observe(chunkDone(i * 100, 1_000, 100_000));
    tracker.observe(rejected(500, { count: 9 }));
    tracker.observe(restarting(600));
    tracker.observe(sinkOpened(700, { read: 2_000, written: 1_996, rejected: 4 }));
    expect(tracker.view(START + 700)).toMatchObject({
      records: 2_000,
      bytes: 200_000,
      rejected: 4,
      active: ["data/orders.csv"],
    });
  });

  it("falls back to where this process began when nothing was committed since", () => {
    const counts = { read: 6_000, written: 5_990, rejected: 10 };
    const resumed = { split: "data/orders.csv", token: "600000", read: 6_000, bytes: 600_000 };
    tracker.observe(started({ resumed }));
    tracker.observe(sinkOpened(0, counts));
    expect(tracker.view(START)).toMatchObject({ records: 6_000, bytes: 600_000, rejected: 10 });
    tracker.observe(chunkDone(100, 1_000, 100_000));
    tracker.observe(restarting(200));
    tracker.observe(sinkOpened(300, counts));
    expect(tracker.view(START + 300)).toMatchObject({
      records: 6_000,
      bytes: 600_000,
      rejected: 10,
      remainingMs: null,
    });
  });

  it("follows the splits", () => {
    tracker.observe(started({ splits: 3 }));
    tracker.observe(at(0, { kind: "split-started", split: "a.csv", bytes: 1 }));
    tracker.observe(at(0, { kind: "split-started", split: "b.csv", bytes: 1 }));
    tracker.observe(at(5, { kind: "split-ended", split: "a.csv" }));
    expect(tracker.view(START + 10)).toMatchObject({ active: ["b.csv"], splitsEnded: 1, splits: 3 });
    tracker.observe(at(5, { kind: "split-ended", split: "b.csv" }));
    expect(tracker.view(START + 10)).toMatchObject({ active: ["b.csv"], splitsEnded: 2 });
  });
});
