/** Feeds the metrics of CONTRACT "Metrics" from a run's events, on the registry of whoever asks for them. */
import type { Registry } from "prom-client";
import type { Counts } from "../core/ledger.ts";
import type { Observer, RunEvent } from "../core/ports/observer.ts";
import type { RunState } from "../core/ports/state-store.ts";
import { STAGES, type StageName, type StageTimes } from "../core/timing.ts";
import { type MetricSet, openMetricSet } from "./metric-set.ts";

/** What else goes onto the registry. */
export interface MetricsOptions {
  /** Adds prom-client's metrics of the process (CPU, memory, event loop, collections); default false. */
  readonly process?: boolean;
}

const OUTCOMES = ["read", "written", "filtered", "rejected", "folded"] as const satisfies readonly (keyof Counts)[];

/** Values of `millrace_job_state` after a run. */
const JOB_STATE = { running: 1, succeeded: 0, interrupted: 0, failed: 2, rejected: 2 } as const satisfies Record<
  RunState,
  number
>;

type StageTable = { readonly [S in StageName]: StageTimes };

/**
 * Makes an observer that feeds `registry`, and only it: prom-client's global registry stays untouched. It may be given to
 * any number of runs, and further observers may share the registry. Loads prom-client.
 *
 * @example
 * const registry = new Registry();
 * await runJob(job, { observers: [await metrics(registry)] });
 * await registry.metrics(); // millrace_records_total{job="orders",sink="sink",outcome="read"} 500000 ...
 */
export async function metrics(registry: Registry, options: MetricsOptions = {}): Promise<Observer> {
  const set = await openMetricSet(registry);
  if (options.process === true) await addProcessMetrics(registry);
  const feed = new MetricsFeed(set);
  return (event) => feed.take(event);
}

async function addProcessMetrics(register: Registry): Promise<void> {
  const { collectDefaultMetrics } = await import("prom-client");
  if (register.getSingleMetric("process_cpu_seconds_total") === undefined) collectDefaultMetrics({ register });
}

class MetricsFeed {
  readonly #set: MetricSet;
  /** The stage times last seen a run: they are totals, the metrics want what was added. */
  readonly #stages = new Map<string, StageTable>();
  /** The splits whose lag is told, by run. */
  readonly #lagging = new Map<string, readonly string[]>();

  constructor(set: MetricSet) {
    this.#set = set;
  }

  take(event: RunEvent): void {
    const set = this.#set;
    const { job } = event;
    switch (event.kind) {
      case "run-started":
        set.runsInProgress.inc({ job });
        return set.jobState.set({ job }, JOB_STATE.running);
      case "chunk-cut":
        return set.chunkBytes.observe({ job }, event.bytes);
      case "chunk-done":
        set.chunks.inc({ job });
        return set.bytes.inc({ job, direction: "read" }, event.bytes);
      case "unit-committed":
        return this.#commit(event);
      case "rejected": {
        const { stage, code, sink, count } = event;
        return set.rejects.inc({ job, ...(sink === null ? {} : { sink }), stage, code }, count);
      }
      case "retrying": {
        const { stage, sink, reason } = event;
        return set.retries.inc({ job, stage, ...(sink === undefined ? {} : { sink }), reason });
      }
      case "restarting":
        return set.restarts.inc({ job, actor: event.actor });
      case "share-taken":
        return this.#forgetLag(event);
      case "lagging":
        return this.#setLag(event);
      case "sampled":
        return this.#sample(event);
      case "run-ended":
        return this.#end(event);
      default:
    }
  }

  #commit({ job, sink, added, commitMs }: RunEvent & { kind: "unit-committed" }): void {
    for (const outcome of OUTCOMES) this.#set.records.inc({ job, sink, outcome }, added[outcome]);
    this.#set.bytes.inc({ job, sink, direction: "written" }, added.bytes);
    this.#set.commitSeconds.observe({ job, sink }, commitMs / 1_000);
  }

  #sample(event: RunEvent & { kind: "sampled" }): void {
    const { job, stages, mailboxes, budget, pools } = event;
    const set = this.#set;
    this.#addStages(event, stages);
    for (const { name, bytes, records } of mailboxes) {
      set.mailboxBytes.set({ job, mailbox: name }, bytes);
      set.mailboxRecords.set({ job, mailbox: name }, records);
    }
    set.budget.set({ job, state: "used" }, budget.used);
    set.budget.set({ job, state: "limit" }, budget.limit);
    for (const [pool, inUse] of Object.entries(pools)) set.pools.set({ job, pool }, inUse);
  }

  #addStages({ job, run }: RunEvent, stages: StageTable): void {
    const key = JSON.stringify([job, run]);
    const before = this.#stages.get(key);
    this.#stages.set(key, stages);
    for (const stage of STAGES) {
      const [now, then] = [stages[stage], before?.[stage]];
      const seconds = (of: keyof StageTimes): number => added(now[of], then?.[of]) / 1_000;
      this.#set.stageBusy.inc({ job, stage }, seconds("busyMs"));
      this.#set.stageWait.inc({ job, stage, on: "input" }, seconds("waitInputMs"));
      this.#set.stageWait.inc({ job, stage, on: "output" }, seconds("waitOutputMs"));
    }
  }

  #setLag({ job, run, records }: RunEvent & { kind: "lagging" }): void {
    this.#lagging.set(JSON.stringify([job, run]), Object.keys(records));
    for (const [split, lag] of Object.entries(records)) this.#set.lag.set({ job, split }, lag);
  }

  /** A split that is somebody else's has its lag there. */
  #forgetLag({ job, run }: Pick<RunEvent, "job" | "run">): void {
    const key = JSON.stringify([job, run]);
    for (const split of this.#lagging.get(key) ?? []) this.#set.lag.remove({ job, split });
    this.#lagging.delete(key);
  }

  #end({ job, run, at, state, durationMs }: RunEvent & { kind: "run-ended" }): void {
    const set = this.#set;
    this.#stages.delete(JSON.stringify([job, run]));
    this.#forgetLag({ job, run });
    set.runs.inc({ job, outcome: state });
    set.runSeconds.observe({ job }, durationMs / 1_000);
    set.runsInProgress.dec({ job });
    set.jobState.set({ job }, JOB_STATE[state]);
    if (state === "succeeded") set.lastSuccess.set({ job }, at / 1_000);
  }
}

/** What a total has grown by; one that shrank has begun anew. */
function added(now: number, before = 0): number {
  return now >= before ? now - before : now;
}
