import { describe, expect, test } from "vitest";
import type { RunEvent, RunEventBody } from "../../../src/core/ports/observer.ts";
import { emitterOf } from "../../../src/pipeline/emitter.ts";
import { progressObserver, type RunProgress } from "../../../src/pipeline/run-progress.ts";
import { meteredStages, stageMeters } from "../../../src/pipeline/stage-meters.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

const sampled: RunEventBody = {
  kind: "sampled",
  ...meteredStages(stageMeters(new FakeClock(), ["sink"]), 1),
  mailboxes: [],
  budget: { used: 0, limit: 1 },
  pools: {},
};

describe("emitterOf()", () => {
  test("tells every observer whose event it is and when, whatever another one throws", () => {
    const heard: RunEvent[] = [];
    const broken = (): never => {
      throw new RangeError("an observer's mistake");
    };
    const observers = [broken, (event: RunEvent) => void heard.push(event), broken];
    const emit = emitterOf({ job: "orders", run: "run-1", observers, clock: new FakeClock(5) });
    emit({ kind: "split-ended", split: "a.csv" });
    expect(heard).toEqual([{ kind: "split-ended", split: "a.csv", job: "orders", run: "run-1", at: 5 }]);
  });
});

describe("progressObserver()", () => {
  test("tells how far the run is whenever it is sampled, with what was there before", () => {
    const told: RunProgress[] = [];
    const clock = new FakeClock();
    const emit = emitterOf({
      job: "orders",
      run: "run-1",
      observers: [progressObserver((progress) => void told.push(progress))],
      clock,
    });
    emit({
      kind: "run-started",
      source: "a.csv",
      sinks: { sink: "b.csv" },
      transform: null,
      totalBytes: 100,
      splits: 1,
      threads: 1,
      trigger: "manual",
      slot: null,
      resumed: { split: "a.csv", token: "20", read: 2, bytes: 20 },
    });
    emit({ kind: "chunk-done", split: "a.csv", records: 3, bytes: 30, rejected: 1 });
    emit({
      kind: "rejected",
      stage: "decode",
      code: "JSON_INVALID",
      sink: null,
      count: 1,
      message: "no",
      split: "a.csv",
      line: 3,
    });
    expect(told).toEqual([]);
    emit(sampled);
    expect(told).toEqual([{ records: 5, rejected: 1, bytes: 50, fraction: 0.5 }]);
  });
});

describe("meteredStages()", () => {
  test("gives the threads' time per thread, so that no stage is busy for more than the run lasts", () => {
    const meters = stageMeters(new FakeClock(), ["sink"]);
    meters.workers.addBusy(90);
    meters.sinks.get("sink")?.addBusy(7);
    const { stages, busiestSink } = meteredStages(meters, 3);
    expect([stages.workers.busyMs, stages.sink.busyMs, stages.source.busyMs]).toEqual([30, 7, 0]);
    expect(busiestSink).toBeUndefined();
  });

  test("gives the busiest of several sinks, and names it", () => {
    const meters = stageMeters(new FakeClock(), ["warehouse", "archive"]);
    meters.sinks.get("warehouse")?.addBusy(7);
    meters.sinks.get("archive")?.addBusy(9);
    const { stages, busiestSink } = meteredStages(meters, 1);
    expect([stages.sink.busyMs, busiestSink]).toEqual([9, "archive"]);
  });
});
