import { register as globalRegistry, Registry } from "prom-client";
import { beforeEach, describe, expect, it } from "vitest";
import type { Observer } from "../../../src/core/ports/observer.ts";
import { metrics } from "../../../src/observability/metrics.ts";
import {
  at,
  chunkDone,
  committed,
  ended,
  rejected,
  restarting,
  sampled,
  sinkOpened,
  stages,
  started,
} from "./run-script.ts";

describe("metrics()", () => {
  let registry: Registry;
  let observe: Observer;
  beforeEach(async () => {
    registry = new Registry();
    observe = await metrics(registry);
  });

  /** The samples of a metric as the exposition text has them, without their common prefix. */
  async function samples(name: string): Promise<string[]> {
    const text = await registry.getSingleMetricAsString(`millrace_${name}`);
    return text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.replace("millrace_", ""));
  }

  it("has the names and labels of the contract", async () => {
    const json = await registry.getMetricsAsJSON();
    expect(json.map(({ name }) => name).sort()).toEqual(
      [
        "records_total",
        "rejects_total",
        "bytes_total",
        "chunks_total",
        "chunk_bytes",
        "stage_busy_seconds_total",
        "stage_wait_seconds_total",
        "mailbox_bytes",
        "mailbox_records",
        "retries_total",
        "breaker_open",
        "restarts_total",
        "runs_total",
        "run_duration_seconds",
        "run_in_progress",
        "run_started_timestamp_seconds",
        "job_state",
        "last_success_timestamp_seconds",
        "commit_seconds",
        "source_lag_records",
        "memory_budget_bytes",
        "pool_in_use",
      ]
        .map((name) => `millrace_${name}`)
        .sort(),
    );
    expect(globalRegistry.getMetricsAsArray()).toEqual([]);
  });

  it("shows the lag of the splits that a run has, and of no others", async () => {
    observe(at(1, { kind: "lagging", records: { "t-0": 5, "t-1": 0 } }));
    expect(await samples("source_lag_records")).toEqual([
      'source_lag_records{job="orders",split="t-0"} 5',
      'source_lag_records{job="orders",split="t-1"} 0',
    ]);
    observe(at(2, { kind: "share-taken", splits: ["t-1"] }));
    observe(at(3, { kind: "lagging", records: { "t-1": 2 } }));
    expect(await samples("source_lag_records")).toEqual(['source_lag_records{job="orders",split="t-1"} 2']);
    observe(ended(4));
    expect(await samples("source_lag_records")).toEqual([]);
  });

  it("counts records and bytes when they are durable", async () => {
    observe(committed(1, { read: 10, written: 7, filtered: 2, rejected: 1, bytes: 99 }));
    observe(committed(2, { read: 5, written: 5, bytes: 1 }));
    observe(chunkDone(3, 10, 1_000));
    expect(await samples("records_total")).toEqual([
      'records_total{job="orders",sink="sink",outcome="read"} 15',
      'records_total{job="orders",sink="sink",outcome="written"} 12',
      'records_total{job="orders",sink="sink",outcome="filtered"} 2',
      'records_total{job="orders",sink="sink",outcome="rejected"} 1',
      'records_total{job="orders",sink="sink",outcome="folded"} 0',
    ]);
    expect(await samples("bytes_total")).toEqual([
      'bytes_total{job="orders",sink="sink",direction="written"} 100',
      'bytes_total{job="orders",direction="read"} 1000',
    ]);
    expect(await samples("commit_seconds")).toContain('commit_seconds_bucket{le="0.025",job="orders",sink="sink"} 2');
    expect(await samples("chunks_total")).toEqual(['chunks_total{job="orders"} 1']);
  });

  it("counts rejects by stage and code, with the sink where it was one", async () => {
    observe(rejected(1, { count: 4 }));
    observe(rejected(2, { stage: "write", code: "ROW_REFUSED", sink: "sink" }));
    expect(await samples("rejects_total")).toEqual([
      'rejects_total{job="orders",stage="transform",code="TRANSFORM_REJECTED"} 4',
      'rejects_total{job="orders",sink="sink",stage="write",code="ROW_REFUSED"} 1',
    ]);
  });

  it("measures chunks when they are cut", async () => {
    observe(at(1, { kind: "chunk-cut", split: "a", bytes: 1_048_576 }));
    const lines = await samples("chunk_bytes");
    expect(lines).toContain('chunk_bytes_bucket{le="524288",job="orders"} 0');
    expect(lines).toContain('chunk_bytes_bucket{le="1048576",job="orders"} 1');
    expect(lines).toContain('chunk_bytes_sum{job="orders"} 1048576');
  });

  it("adds what stage times have grown by, also when a restart begins them anew", async () => {
    const times = (ms: number) => ({ ...stages({}), sink: { busyMs: ms, waitInputMs: 2 * ms, waitOutputMs: 3 * ms } });
    for (const ms of [1_000, 3_000, 500]) observe(sampled(ms, { stages: times(ms) }));
    expect(await samples("stage_busy_seconds_total")).toContain(
      'stage_busy_seconds_total{job="orders",stage="sink"} 3.5',
    );
    expect(await samples("stage_busy_seconds_total")).toContain(
      'stage_busy_seconds_total{job="orders",stage="source"} 0',
    );
    expect(await samples("stage_wait_seconds_total")).toContain(
      'stage_wait_seconds_total{job="orders",stage="sink",on="input"} 7',
    );
    expect(await samples("stage_wait_seconds_total")).toContain(
      'stage_wait_seconds_total{job="orders",stage="sink",on="output"} 10.5',
    );
  });

  it("shows mailboxes, budget and pools as they are", async () => {
    observe(sampled(1, { mailboxes: [{ name: "chunks", bytes: 5, records: 2 }], pools: { buffers: 3 } }));
    observe(sampled(2, { mailboxes: [{ name: "chunks", bytes: 7, records: 1 }], pools: { buffers: 4 } }));
    expect(await samples("mailbox_bytes")).toEqual(['mailbox_bytes{job="orders",mailbox="chunks"} 7']);
    expect(await samples("mailbox_records")).toEqual(['mailbox_records{job="orders",mailbox="chunks"} 1']);
    expect(await samples("pool_in_use")).toEqual(['pool_in_use{job="orders",pool="buffers"} 4']);
    expect(await samples("memory_budget_bytes")).toEqual([
      'memory_budget_bytes{job="orders",state="used"} 1048576',
      'memory_budget_bytes{job="orders",state="limit"} 268435456',
    ]);
    observe(ended(3));
    expect(await samples("mailbox_bytes")).toEqual(['mailbox_bytes{job="orders",mailbox="chunks"} 0']);
    expect(await samples("pool_in_use")).toEqual(['pool_in_use{job="orders",pool="buffers"} 0']);
    expect(await samples("memory_budget_bytes")).toContain('memory_budget_bytes{job="orders",state="used"} 0');
  });

  it("shows a pool that a connector took with it as empty", async () => {
    observe(sampled(1, { pools: { buffers: 1, "http connections": 7 } }));
    observe(sampled(2, { pools: { buffers: 2 } }));
    expect(await samples("pool_in_use")).toEqual([
      'pool_in_use{job="orders",pool="buffers"} 2',
      'pool_in_use{job="orders",pool="http connections"} 0',
    ]);
  });

  it("shows which breakers are open, until they close, a new writer begins or the run ends", async () => {
    const turn = (afterMs: number, sink: string, state: "open" | "half-open" | "closed") =>
      observe(at(afterMs, { kind: "breaker", sink, state, forMs: null, reason: null }));
    const shown = async () => (await samples("breaker_open")).map((line) => line.replace(/.*sink="(.*)"}/, "$1"));
    observe(started());
    for (const sink of ["a", "b"]) observe(sinkOpened(1, {}, sink));
    expect(await shown()).toEqual(["a 0", "b 0"]);
    for (const sink of ["a", "b"]) turn(2, sink, "open");
    turn(3, "a", "half-open");
    expect(await shown()).toEqual(["a 1", "b 1"]);
    turn(4, "a", "closed");
    expect(await shown()).toEqual(["a 0", "b 1"]);
    observe(sinkOpened(5, {}, "b"));
    expect(await shown()).toEqual(["a 0", "b 0"]);
    turn(6, "a", "open");
    observe(ended(7));
    expect(await shown()).toEqual(["a 0", "b 0"]);
  });

  it("counts retries and restarts, and lets other events pass", async () => {
    const away = { code: "SINK_UNAVAILABLE", reason: "57P01", message: "" } as const;
    observe(at(1, { kind: "retrying", stage: "sink", sink: "shop", attempt: 1, delayMs: 1, ...away }));
    observe(at(1, { kind: "retrying", stage: "source", attempt: 1, delayMs: 1, ...away }));
    observe(restarting(2));
    observe(at(3, { kind: "draining", reason: "SIGTERM" }));
    expect(await samples("retries_total")).toEqual([
      'retries_total{job="orders",stage="sink",sink="shop",reason="57P01"} 1',
      'retries_total{job="orders",stage="source",reason="57P01"} 1',
    ]);
    expect(await samples("restarts_total")).toEqual(['restarts_total{job="orders",actor="writer"} 1']);
  });

  it("follows runs from their start to their end", async () => {
    observe(started());
    expect(await samples("run_in_progress")).toEqual(['run_in_progress{job="orders"} 1']);
    expect(await samples("job_state")).toEqual(['job_state{job="orders"} 1']);
    observe(ended(4_000));
    expect(await samples("run_in_progress")).toEqual(['run_in_progress{job="orders"} 0']);
    expect(await samples("job_state")).toEqual(['job_state{job="orders"} 0']);
    expect(await samples("runs_total")).toEqual(['runs_total{job="orders",outcome="succeeded"} 1']);
    expect(await samples("run_duration_seconds")).toContain('run_duration_seconds_bucket{le="5",job="orders"} 1');
    expect(await samples("last_success_timestamp_seconds")).toEqual([
      'last_success_timestamp_seconds{job="orders"} 1795312804',
    ]);
  });

  it("shows since when the oldest run that is to end is under way", async () => {
    observe({ ...started(), run: "a", at: 1_000 });
    observe({ ...started(), run: "b", at: 2_000 });
    observe({ ...started({ endless: true }), run: "c", at: 500 });
    expect(await samples("run_started_timestamp_seconds")).toEqual(['run_started_timestamp_seconds{job="orders"} 1']);
    observe({ ...ended(4_000), run: "a" });
    expect(await samples("run_started_timestamp_seconds")).toEqual(['run_started_timestamp_seconds{job="orders"} 2']);
    observe({ ...ended(4_000), run: "b" });
    expect(await samples("run_started_timestamp_seconds")).toEqual([]);
  });

  it("keeps the last success when a run fails", async () => {
    observe(started());
    observe(ended(4_000, { state: "failed" }));
    expect(await samples("job_state")).toEqual(['job_state{job="orders"} 2']);
    expect(await samples("last_success_timestamp_seconds")).toEqual([]);
  });

  it("shares a registry with the runs before", async () => {
    observe(ended(1));
    const second = await metrics(registry);
    second(ended(2));
    expect(await samples("runs_total")).toEqual(['runs_total{job="orders",outcome="succeeded"} 2']);
  });

  it("adds the metrics of the process on request, once", async () => {
    await metrics(registry, { process: true });
    await metrics(registry, { process: true });
    expect(await registry.metrics()).toContain("nodejs_eventloop_lag_seconds");
    expect(globalRegistry.getMetricsAsArray()).toEqual([]);
  });
});
