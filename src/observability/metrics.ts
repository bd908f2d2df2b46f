/** Feeds the metrics of CONTRACT "Metrics" from a run's events, on the registry of whoever asks for them. */
import type { Registry } from "prom-client";
import type { Counts } from "../core/ledger.ts";
import type { Observer, RunEvent } from "../core/ports/observer.ts";
import { isHostEvent, type RuntimeEvent } from "../core/ports/runtime-events.ts";
import { STAGES, type StageName, type StageTimes } from "../core/timing.ts";
import { BoundedLabels, boundedSums } from "./bounded-labels.ts";
import { JobStates } from "./job-states.ts";
import { type MetricSet, openMetricSet } from "./metric-set.ts";

/** What else goes onto the registry. */
export interface MetricsOptions {
  /** Adds prom-client's metrics of the process (CPU, memory, event loop, collections); default false. */
  readonly process?: boolean;
}

/** Milliseconds between two looks at the event loop; at prom-client's own 10 they are most of what an idle daemon costs. */
const LOOP_PRECISION_MS = 50;

const OUTCOMES = ["read", "written", "filtered", "rejected", "folded"] as const satisfies readonly (keyof Counts)[];

/** Codes of rejects, reasons of retries and actors: each may take so many values in a job. */
const MAX_VALUES = 50;
/** A topic with more partitions shows so many of them, and the others as one. */
const MAX_SPLITS = 200;

type Sampled = RunEvent & { readonly kind: "sampled" };
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

/** Gauges that are named like counters, which `promtool check metrics` refuses; the same figures stand beside them by type. */
const MISNAMED = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Adds prom-client's metrics of the process, once. Loads prom-client. */
export async function addProcessMetrics(register: Registry): Promise<void> {
  if (register.getSingleMetric("process_cpu_seconds_total") !== undefined) return;
  const { collectDefaultMetrics } = await import("prom-client");
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });
  for (const name of MISNAMED) register.removeSingleMetric(name);
}

/** What {@link metrics} gives its events to. */
export class MetricsFeed {
  readonly #set: MetricSet;
  readonly #labels = new BoundedLabels(MAX_VALUES);
  readonly #states = new JobStates();
  /** The stage times last seen a run: they are totals, the metrics want what was added. */
  readonly #stages = new Map<string, StageTable>();
  /** When each run under way that is to end began, by job. */
  readonly #begun = new Map<string, Map<string, number>>();
  /** What was last sampled of a job. */
  readonly #sampled = new Map<string, Sampled>();
  /** The sinks whose breakers are open, by job. */
  readonly #paused = new Map<string, Set<string>>();
  /** The splits whose lag is told, by run. */
  readonly #lagging = new Map<string, readonly string[]>();

  constructor(set: MetricSet) {
    this.#set = set;
  }

  /** Takes notice of an event. */
  take(event: RuntimeEvent): void {
    const state = this.#states.take(event);
    if (state !== null && "job" in event && event.job !== null) this.#set.jobState.set({ job: event.job }, state);
    if (!isHostEvent(event)) this.#takeRun(event);
  }

  /** Lets a job go. @returns false, and nothing is forgotten, while a run of it is under way */
  forget(job: string): boolean {
    if (this.#states.isRunning(job)) return false;
    this.#states.forget(job);
    this.#labels.forget(job);
    this.#paused.delete(job);
    return true;
  }

  #takeRun(event: RunEvent): void {
    const set = this.#set;
    const { job } = event;
    switch (event.kind) {
      case "run-started":
        return this.#start(event);
      case "chunk-cut":
        return set.chunkBytes.observe({ job }, event.bytes);
      case "chunk-done":
        set.chunks.inc({ job });
        return set.bytes.inc({ job, direction: "read" }, event.bytes);
      case "unit-committed":
        return this.#commit(event);
      case "rejected": {
        const { stage, sink, count } = event;
        const code = this.#labels.of(job, "code", event.code);
        return set.rejects.inc({ job, ...(sink === null ? {} : { sink }), stage, code }, count);
      }
      case "retrying": {
        const { stage, sink } = event;
        const reason = this.#labels.of(job, "reason", event.reason);
        return set.retries.inc({ job, stage, ...(sink === undefined ? {} : { sink }), reason });
      }
      case "sink-opened":
        // A writer that is new has a breaker that is closed; and so a job shows 0 before one ever opens.
        return this.#setBreaker(job, event.sink, false);
      case "breaker":
        return this.#setBreaker(job, event.sink, event.state !== "closed");
      case "restarting":
        return set.restarts.inc({ job, actor: this.#labels.of(job, "actor", event.actor) });
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

  #start({ job, run, at, endless = false }: RunEvent & { kind: "run-started" }): void {
    this.#set.runsInProgress.inc({ job });
    if (endless) return;
    const begun = this.#begun.get(job) ?? new Map<string, number>();
    this.#begun.set(job, begun.set(run, at));
    this.#showOldest(job, begun);
  }

  #showOldest(job: string, begun: ReadonlyMap<string, number>): void {
    if (begun.size === 0) this.#set.runStarted.remove({ job });
    else this.#set.runStarted.set({ job }, Math.min(...begun.values()) / 1_000);
  }

  #commit({ job, sink, added, commitMs }: RunEvent & { kind: "unit-committed" }): void {
    for (const outcome of OUTCOMES) this.#set.records.inc({ job, sink, outcome }, added[outcome]);
    this.#set.bytes.inc({ job, sink, direction: "written" }, added.bytes);
    this.#set.commitSeconds.observe({ job, sink }, commitMs / 1_000);
  }

  #sample(event: Sampled): void {
    const { job, run, stages, mailboxes, budget, pools } = event;
    const set = this.#set;
    const before = this.#sampled.get(job);
    this.#sampled.set(job, event);
    this.#addStages(event, stages);
    for (const { name, bytes, records } of mailboxes) {
      set.mailboxBytes.set({ job, mailbox: name }, bytes);
      set.mailboxRecords.set({ job, mailbox: name }, records);
    }
    set.budget.set({ job, state: "used" }, budget.used);
    set.budget.set({ job, state: "limit" }, budget.limit);
    // A connector that is gone for the moment, as between two starts of its actors, holds nothing.
    const gone = before?.run === run ? Object.keys(before.pools).filter((pool) => !(pool in pools)) : [];
    for (const pool of gone) set.pools.set({ job, pool }, 0);
    for (const [pool, inUse] of Object.entries(pools)) set.pools.set({ job, pool }, inUse);
  }

  /** What a run had in its hands when it was last seen is nowhere any more. */
  #empty(job: string): void {
    const { mailboxes = [], pools = {}, budget } = this.#sampled.get(job) ?? {};
    for (const { name } of mailboxes) {
      this.#set.mailboxBytes.set({ job, mailbox: name }, 0);
      this.#set.mailboxRecords.set({ job, mailbox: name }, 0);
    }
    for (const pool of Object.keys(pools)) this.#set.pools.set({ job, pool }, 0);
    for (const sink of this.#paused.get(job) ?? []) this.#setBreaker(job, sink, false);
    if (budget !== undefined) this.#set.budget.set({ job, state: "used" }, 0);
    this.#sampled.delete(job);
  }

  #setBreaker(job: string, sink: string, isOpen: boolean): void {
    const paused = this.#paused.get(job) ?? new Set<string>();
    this.#paused.set(job, paused);
    if (isOpen) paused.add(sink);
    else paused.delete(sink);
    this.#set.breakerOpen.set({ job, sink }, isOpen ? 1 : 0);
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
    const sums = boundedSums(records, MAX_SPLITS);
    this.#forgetLag({ job, run });
    this.#lagging.set(JSON.stringify([job, run]), [...sums.keys()]);
    for (const [split, lag] of sums) this.#set.lag.set({ job, split }, lag);
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
    const begun = this.#begun.get(job);
    if (begun?.delete(run) === true) this.#showOldest(job, begun);
    if (!this.#states.isRunning(job)) this.#empty(job);
    if (state === "succeeded") set.lastSuccess.set({ job }, at / 1_000);
  }
}

/** What a total has grown by; one that shrank has begun anew. */
function added(now: number, before = 0): number {
  return now >= before ? now - before : now;
}
