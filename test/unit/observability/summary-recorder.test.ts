import { describe, expect, it } from "vitest";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import { type RunEnd, SummaryRecorder } from "../../../src/observability/summary-recorder.ts";
import { at, chunkDone, committed, rejected, restarting, sampled, sinkOpened, stages, started } from "./run-script.ts";

const FIGURES = { peakRssBytes: 1, gc: { count: 2, totalMs: 3, maxMs: 2 }, eventLoopP99Ms: 4 };
const END: RunEnd = {
  job: "orders",
  run: "01J9ZK",
  state: "succeeded",
  error: null,
  durationMs: 2_000.4,
  process: FIGURES,
};

describe("SummaryRecorder.snapshot()", () => {
  it("adds up what the events told", () => {
    const recorder = new SummaryRecorder();
    const told = [
      started(),
      at(1, { kind: "chunk-cut", split: "a", bytes: 300 }),
      at(1, { kind: "chunk-cut", split: "a", bytes: 500 }),
      at(1, { kind: "chunk-cut", split: "a", bytes: 400 }),
      chunkDone(10, 600, 700),
      chunkDone(20, 400, 500),
      rejected(20, { count: 3 }),
      rejected(30, { stage: "decode", code: "CSV_FIELD_COUNT", count: 6, message: "line 5" }),
      rejected(40, { count: 1, message: "another" }),
      committed(50, { read: 600, written: 596, rejected: 4, emitted: 596, bytes: 60 }),
      committed(60, { read: 400, written: 394, rejected: 6, emitted: 394, bytes: 40 }),
      at(70, {
        kind: "retrying",
        stage: "sink",
        attempt: 1,
        delayMs: 5,
        code: "SINK_UNAVAILABLE",
        reason: "57P01",
        message: "gone",
      }),
      restarting(80),
      at(90, { kind: "draining", reason: "SIGTERM" }),
      sampled(95, { stages: stages({ sink: 1_800 }) }),
    ];
    for (const event of told) recorder.observe(event);
    const counts = { read: 1_000, written: 990, filtered: 0, rejected: 10, folded: 0, emitted: 990 };
    expect(recorder.snapshot(END)).toEqual({
      job: "orders",
      run: "01J9ZK",
      state: "succeeded",
      ...counts,
      balanced: true,
      sinks: { sink: { ...counts, bytes: 100 } },
      resumed: false,
      retries: 1,
      retryReasons: [{ stage: "sink", reason: "57P01", count: 1, example: "gone" }],
      restarts: 1,
      lag: null,
      durationMs: 2_000,
      recordsPerSecond: 500,
      bytesRead: 1_200,
      ...FIGURES,
      chunkBytes: { min: 300, max: 500, last: 400 },
      stages: stages({ sink: 1_800 }),
      bottleneck: expect.objectContaining({ stage: "sink", kind: "database" }),
      rejects: [
        { stage: "decode", code: "CSV_FIELD_COUNT", count: 6, example: "line 5" },
        { stage: "transform", code: "TRANSFORM_REJECTED", count: 4, example: "bad e-mail" },
      ],
      error: null,
    });
  });

  it("adds up how long breakers were open, also those that still are", () => {
    const recorder = new SummaryRecorder();
    const turn = (afterMs: number, sink: string, state: "open" | "half-open" | "closed", reason: string | null) =>
      recorder.observe(at(afterMs, { kind: "breaker", sink, state, forMs: null, reason }));
    recorder.observe(started());
    turn(100, "a", "open", "503");
    turn(200, "a", "half-open", null);
    turn(210, "a", "open", "429");
    turn(300, "a", "half-open", null);
    turn(310, "a", "closed", null);
    turn(400, "b", "open", "gone");
    recorder.observe(sinkOpened(500, {}, "b"));
    turn(1_900, "a", "open", "500");
    expect(recorder.snapshot({ ...END, durationMs: 2_000 }).breakers).toEqual([
      { sink: "a", opened: 3, openMs: 310, reason: "500" },
      { sink: "b", opened: 1, openMs: 100, reason: "gone" },
    ]);
  });

  it("has zeros and every sink before anything happened", () => {
    const recorder = new SummaryRecorder();
    expect(recorder.snapshot({ ...END, durationMs: 0 })).toMatchObject({
      read: 0,
      sinks: {},
      balanced: true,
      bottleneck: null,
      recordsPerSecond: 0,
    });
    recorder.observe(started());
    expect(recorder.snapshot(END)).toMatchObject({
      sinks: { sink: NO_COUNTS },
      chunkBytes: { min: 0, max: 0, last: 0 },
    });
  });

  it("counts the whole run and rates this process alone when it resumed", () => {
    const recorder = new SummaryRecorder();
    recorder.observe(started({ resumed: { split: "a", token: "1", read: 9_000, bytes: 1 } }));
    recorder.observe(sinkOpened(10, { read: 9_000, written: 9_000 }));
    recorder.observe(committed(50, { read: 600, written: 600 }));
    recorder.observe(restarting(60));
    recorder.observe(sinkOpened(70, { read: 9_600, written: 9_600 }));
    recorder.observe(committed(80, { read: 400, written: 400 }));
    expect(recorder.snapshot({ ...END, durationMs: 1_000 })).toMatchObject({
      read: 10_000,
      written: 10_000,
      resumed: true,
      balanced: true,
      recordsPerSecond: 1_000,
    });
  });

  it("counts a reject once although its chunk was done twice", () => {
    const recorder = new SummaryRecorder();
    const chunk = (count: number) => [chunkDone(1, 100, 10), rejected(1, { count })];
    const told = [
      started(),
      sinkOpened(0),
      ...chunk(1),
      chunkDone(1, 0, 10),
      ...chunk(2),
      committed(2, { read: 100, written: 99, rejected: 1 }, "sink", 1),
      rejected(2, { stage: "write", code: "ROW_REFUSED", sink: "sink", count: 1 }),
      restarting(3),
      sinkOpened(4, { read: 100, written: 99, rejected: 1 }),
      ...chunk(2),
      ...chunk(4),
    ];
    for (const event of told) recorder.observe(event);
    const rejectCounts = () => recorder.snapshot(END).rejects.map(({ code, count }) => [code, count]);
    expect(rejectCounts()).toEqual([
      ["TRANSFORM_REJECTED", 7],
      ["ROW_REFUSED", 1],
    ]);
    recorder.observe(committed(5, { read: 200, written: 194, rejected: 6 }, "sink", 2));
    expect(rejectCounts()).toEqual([
      ["TRANSFORM_REJECTED", 7],
      ["ROW_REFUSED", 1],
    ]);
  });

  it("puts the sink with the fewest written on top and asks every sink for its balance", () => {
    const recorder = new SummaryRecorder();
    recorder.observe(started({ sinks: { a: "postgres a", b: "b.csv" } }));
    recorder.observe(committed(1, { read: 10, written: 9 }, "a"));
    recorder.observe(committed(1, { read: 8, written: 8 }, "b"));
    expect(recorder.snapshot(END)).toMatchObject({ read: 8, written: 8, balanced: false });
  });

  it("counts a chunk's rejects with the first sink's commit, and what a sink refuses with its own", () => {
    const recorder = new SummaryRecorder();
    const counts = () => Object.fromEntries(recorder.snapshot(END).rejects.map(({ code, count }) => [code, count]));
    const refusedByB = rejected(2, { stage: "write", code: "VALUE_INVALID", sink: "b", count: 2 });
    const tell = (...events: RunEvent[]) => events.forEach((event) => recorder.observe(event));
    tell(started({ sinks: { a: "postgres a", b: "b.csv" } }), sinkOpened(0, {}, "a"), sinkOpened(0, {}, "b"));
    tell(chunkDone(1, 9, 10), rejected(1, { count: 3 }), refusedByB, committed(3, { read: 9 }, "a", 1));
    expect(counts()).toEqual({ TRANSFORM_REJECTED: 3, VALUE_INVALID: 2 });
    tell(restarting(4), sinkOpened(5, { read: 9 }, "a"), sinkOpened(5, {}, "b"));
    expect(counts()).toEqual({ TRANSFORM_REJECTED: 3 });
    // The chunk is done again for b alone, whose refusals are told with it.
    tell({ ...chunkDone(6, 9, 10), sinks: ["b"] } as RunEvent, refusedByB, chunkDone(7, 1, 1), rejected(7));
    tell(committed(8, { read: 1 }, "a", 1), committed(9, { read: 10 }, "b", 2), restarting(10));
    tell(sinkOpened(11, { read: 10 }, "a"), sinkOpened(11, { read: 10 }, "b"));
    expect(counts()).toEqual({ TRANSFORM_REJECTED: 4, VALUE_INVALID: 2 });
  });

  it("names the busiest of several sinks in the advice", () => {
    const recorder = new SummaryRecorder();
    recorder.observe(started({ sinks: { a: "b.csv", warehouse: "postgres a" } }));
    recorder.observe(sampled(1, { stages: stages({ sink: 900 }), busiestSink: "warehouse" }));
    const { bottleneck } = recorder.snapshot({ ...END, durationMs: 1_000 });
    expect(bottleneck).toMatchObject({ stage: "sink", kind: "database" });
    expect(bottleneck?.advice).toMatch(/^warehouse: Postgres spends/);
  });

  it("gives the error of a run that failed", () => {
    const error = { code: "SINK_FAILED", message: "no" } as const;
    expect(new SummaryRecorder().snapshot({ ...END, state: "failed", error })).toMatchObject({
      state: "failed",
      error,
    });
  });
});
