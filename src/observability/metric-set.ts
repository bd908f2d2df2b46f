/** The metrics of CONTRACT "Metrics" that a run can feed: their names, labels and buckets. */
import type { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Every metric, made or found on one registry. */
export type MetricSet = Readonly<Awaited<ReturnType<typeof openMetricSet>>>;

/** Powers of two from 4 KiB to 16 MiB. */
const CHUNK_BYTES_BUCKETS = Array.from({ length: 13 }, (_, power) => 4096 * 2 ** power);
/** From one commit without a wait for the disk to one that hangs. */
const COMMIT_SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** A second to a day. */
const RUN_SECONDS_BUCKETS = [1, 5, 15, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];

/**
 * The metrics on `registry`; those that an earlier call has put there are used again, so that many runs may share one.
 * Loads prom-client.
 */
export async function openMetricSet(registry: Registry) {
  const prom = await import("prom-client");
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
    found<Counter<L>>(registry, name) ?? new prom.Counter({ name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
    found<Gauge<L>>(registry, name) ?? new prom.Gauge({ name, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]): Histogram<L> =>
    found<Histogram<L>>(registry, name) ?? new prom.Histogram({ name, help, labelNames, buckets, registers });
  return {
    records: counter("millrace_records_total", "Source records by outcome, counted when they are durable", [
      "job",
      "sink",
      "outcome",
    ]),
    rejects: counter("millrace_rejects_total", "Rejected records by stage and code, counted when they are met", [
      "job",
      "sink",
      "stage",
      "code",
    ]),
    bytes: counter("millrace_bytes_total", "Bytes read from the source and written to sinks", [
      "job",
      "sink",
      "direction",
    ]),
    chunks: counter("millrace_chunks_total", "Chunks that went through the threads", ["job"]),
    chunkBytes: histogram("millrace_chunk_bytes", "Bytes of a chunk when it is cut", ["job"], CHUNK_BYTES_BUCKETS),
    stageBusy: counter("millrace_stage_busy_seconds_total", "Seconds that a stage worked", ["job", "stage"]),
    stageWait: counter("millrace_stage_wait_seconds_total", "Seconds that a stage waited for its input or its output", [
      "job",
      "stage",
      "on",
    ]),
    mailboxBytes: gauge("millrace_mailbox_bytes", "Bytes that lie in a mailbox", ["job", "mailbox"]),
    mailboxRecords: gauge("millrace_mailbox_records", "Records that lie in a mailbox", ["job", "mailbox"]),
    retries: counter(
      "millrace_retries_total",
      "Work tried again after a transient fault, by SQLSTATE, errno, HTTP status or code",
      ["job", "stage", "sink", "reason"],
    ),
    breakerOpen: gauge(
      "millrace_breaker_open",
      "1 while a sink is paused because its server fails, one request tried now and then; 0 once it goes on",
      ["job", "sink"],
    ),
    restarts: counter("millrace_restarts_total", "Actors started again by their supervisor", ["job", "actor"]),
    runs: counter("millrace_runs_total", "Runs that ended, by outcome", ["job", "outcome"]),
    runSeconds: histogram("millrace_run_duration_seconds", "Duration of a run", ["job"], RUN_SECONDS_BUCKETS),
    runsInProgress: gauge("millrace_run_in_progress", "Runs going on now", ["job"]),
    runStarted: gauge(
      "millrace_run_started_timestamp_seconds",
      "When the oldest run that is under way began, in seconds since 1970; none of runs without end",
      ["job"],
    ),
    jobState: gauge("millrace_job_state", "What a job does: 0 idle, 1 running, 2 its last run failed, 3 paused", [
      "job",
    ]),
    lastSuccess: gauge(
      "millrace_last_success_timestamp_seconds",
      "When a run of the job last succeeded, in seconds since 1970",
      ["job"],
    ),
    commitSeconds: histogram(
      "millrace_commit_seconds",
      "Time that a commit unit took to become durable",
      ["job", "sink"],
      COMMIT_SECONDS_BUCKETS,
    ),
    lag: gauge("millrace_source_lag_records", "Records of a live source's split that are still to be committed", [
      "job",
      "split",
    ]),
    budget: gauge("millrace_memory_budget_bytes", "Bytes of chunks in memory, and how many there may be", [
      "job",
      "state",
    ]),
    pools: gauge("millrace_pool_in_use", "Objects of a pool that are lent out", ["job", "pool"]),
  };
}

/** Whoever put another kind of metric under one of our names has made a mistake that prom-client reports at its use. */
function found<M>(registry: Registry, name: string): M | undefined {
  return registry.getSingleMetric(name) as M | undefined;
}
