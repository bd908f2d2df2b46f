/** Events of a made-up run, with what every event needs filled in. */
import { type Counts, NO_COUNTS } from "../../../src/core/ledger.ts";
import type { RunEvent, RunEventBody, RunEventKind } from "../../../src/core/ports/observer.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { STAGES, type StageName, type StageTimes } from "../../../src/core/timing.ts";

type Body<K extends RunEventKind> = Extract<RunEventBody, { kind: K }>;

/** 2026-11-22T02:00:00Z. */
export const START = Date.UTC(2026, 10, 22, 2);

/** An event `afterMs` after the run's start. */
export function at(afterMs: number, body: RunEventBody): RunEvent {
  return { job: "orders", run: "01J9ZK", at: START + afterMs, ...body };
}

export function started(change: Partial<Body<"run-started">> = {}): RunEvent & { kind: "run-started" } {
  const body: Body<"run-started"> = {
    kind: "run-started",
    source: "data/orders.csv",
    sinks: { sink: "postgres orders" },
    transform: "orders.ts",
    totalBytes: 1_000_000,
    splits: 1,
    threads: 1,
    trigger: "manual",
    slot: null,
    resumed: null,
    ...change,
  };
  return at(0, body) as RunEvent & { kind: "run-started" };
}

export function chunkDone(afterMs: number, records: number, bytes: number, split = "data/orders.csv"): RunEvent {
  return at(afterMs, { kind: "chunk-done", split, records, bytes, rejected: 0 });
}

export function rejected(afterMs: number, change: Partial<Body<"rejected">> = {}): RunEvent {
  const body: Body<"rejected"> = {
    kind: "rejected",
    stage: "transform",
    code: "TRANSFORM_REJECTED",
    sink: null,
    count: 1,
    message: "bad e-mail",
    split: "data/orders.csv",
    line: 77,
    ...change,
  };
  return at(afterMs, body);
}

export function committed(afterMs: number, added: Partial<Counts>, sink = "sink", chunks = 4): RunEvent {
  const counts = { ...NO_COUNTS, ...added };
  return at(afterMs, { kind: "unit-committed", sink, added: counts, chunks, commitMs: 20, careful: false });
}

/** A sink that holds `counts` of the run. */
export function sinkOpened(afterMs: number, counts: Partial<Counts> = {}, sink = "sink"): RunEvent {
  return at(afterMs, { kind: "sink-opened", sink, counts: { ...NO_COUNTS, ...counts } });
}

export function restarting(afterMs: number): RunEvent {
  const code = "SINK_UNAVAILABLE";
  return at(afterMs, { kind: "restarting", actor: "writer", attempt: 1, delayMs: 200, code, message: "server gone" });
}

export function ended(afterMs: number, change: Partial<Body<"run-ended">> = {}): RunEvent {
  const counts = { ...NO_COUNTS, read: 1_000, written: 990, rejected: 10, emitted: 990 };
  return at(afterMs, { kind: "run-ended", state: "succeeded", durationMs: afterMs, counts, message: null, ...change });
}

/** Stage times in which only what is named is not zero. */
export function stages(busy: Partial<Record<StageName, number>>): { [S in StageName]: StageTimes } {
  const times = (stage: StageName): StageTimes => ({ busyMs: busy[stage] ?? 0, waitInputMs: 0, waitOutputMs: 0 });
  return Object.fromEntries(STAGES.map((stage) => [stage, times(stage)])) as { [S in StageName]: StageTimes };
}

export function sampled(afterMs: number, change: Partial<Body<"sampled">> = {}): RunEvent {
  const budget = { used: 1_048_576, limit: 268_435_456 };
  return at(afterMs, { kind: "sampled", stages: stages({}), mailboxes: [], budget, pools: {}, ...change });
}

/** The summary of TOUR's first minute. */
export function summaryOf(change: Partial<RunSummary> = {}): RunSummary {
  const counts = { read: 500_000, written: 495_003, filtered: 0, rejected: 4_997, folded: 0, emitted: 495_003 };
  return {
    job: "orders",
    run: "01J9ZK",
    state: "succeeded",
    ...counts,
    balanced: true,
    sinks: { sink: { ...counts, bytes: 50_000_000 } },
    resumed: false,
    retries: 0,
    retryReasons: [],
    restarts: 0,
    lag: null,
    durationMs: 980,
    recordsPerSecond: 510_204,
    bytesRead: 69_600_000,
    peakRssBytes: 121_400_000,
    gc: { count: 1, totalMs: 1, maxMs: 1 },
    eventLoopP99Ms: 2,
    chunkBytes: { min: 1, max: 1, last: 1 },
    stages: stages({ sink: 900 }),
    bottleneck: {
      stage: "sink",
      kind: "database",
      busy: 0.91,
      advice: "Postgres spends its time in COPY; `workers: 1` is enough here",
    },
    rejects: [{ stage: "transform", code: "TRANSFORM_REJECTED", count: 4_997, example: "bad e-mail" }],
    error: null,
    ...change,
  };
}
