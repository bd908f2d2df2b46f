/** Feeds the metrics of a runtime: those of its runs, and those of slots, alerts and jobs. */
import type { Registry } from "prom-client";
import type { HostEvent, RuntimeEvent, RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { SlotState } from "../core/ports/schedule-store.ts";
import { forgetSeries } from "./forget-series.ts";
import { type HostMetricSet, type NextSlots, openHostMetricSet, type SharedPools } from "./host-metric-set.ts";
import { addProcessMetrics, MetricsFeed } from "./metrics.ts";
import { type MetricSet, openMetricSet } from "./metric-set.ts";

/** What becomes of slots: every end, and the two states before. */
const SLOT_STATES = [
  "due",
  "started",
  "succeeded",
  "failed",
  "missed",
  "skipped",
  "cancelled",
] as const satisfies readonly SlotState[];

/** What the metrics cannot know from events. */
export interface RuntimeMetricsOptions {
  /** Of millrace. */
  readonly version: string;
  /** Asked at every scrape. */
  readonly nextSlots: NextSlots;
  /** Asked at every scrape. */
  readonly pools: SharedPools;
}

/** What is known of a job before anything happens. */
export interface KnownJob {
  readonly job: string;
  /** When a run of it last succeeded, milliseconds since 1970; undefined: never, as far as is known. */
  readonly successAt?: number | undefined;
  /** The alerts it asks for: their series begin with 0. */
  readonly alerts: readonly string[];
}

/**
 * Makes the metrics of a runtime on `registry`. Loads prom-client.
 *
 * @example
 * const metrics = await runtimeMetrics(registry, { version: "1.0.0", nextSlots: () => new Map(), pools: () => [] });
 * metrics.know([{ job: "orders", successAt, alerts: ["failed"] }]);
 * metrics.observe(event); // of the runtime, each
 */
export async function runtimeMetrics(registry: Registry, options: RuntimeMetricsOptions): Promise<RuntimeMetrics> {
  const runs = await openMetricSet(registry);
  const host = await openHostMetricSet(registry, options);
  await addProcessMetrics(registry);
  return new RuntimeMetrics(registry, runs, host);
}

/** See {@link runtimeMetrics}. */
export class RuntimeMetrics {
  readonly #registry: Registry;
  readonly #runs: MetricSet;
  readonly #host: HostMetricSet;
  readonly #feed: MetricsFeed;
  /** Jobs that are gone and whose last run still is under way. */
  readonly #leaving = new Set<string>();

  constructor(registry: Registry, runs: MetricSet, host: HostMetricSet) {
    this.#registry = registry;
    this.#runs = runs;
    this.#host = host;
    this.#feed = new MetricsFeed(runs);
  }

  /** Gives jobs the series that they have before anything happens; what is there already stays. */
  know(jobs: readonly KnownJob[]): void {
    for (const { job, successAt, alerts } of jobs) {
      this.#leaving.delete(job);
      this.#runs.jobState.inc({ job }, 0);
      this.#runs.runsInProgress.inc({ job }, 0);
      if (successAt !== undefined) this.#runs.lastSuccess.set({ job }, successAt / 1_000);
      // A counter that begins with 1 has not risen, for all that Prometheus can see.
      for (const state of SLOT_STATES) this.#host.slots.inc({ job, state }, 0);
      for (const alert of alerts) this.#host.alerts.inc({ job, alert }, 0);
    }
  }

  /** To be told every event of the runtime. */
  readonly observe: RuntimeObserver = (event) => {
    this.#feed.take(event);
    this.#takeHost(event);
    if (event.kind === "run-ended" && this.#leaving.has(event.job)) this.#forget(event.job);
  };

  #takeHost(event: RuntimeEvent): void {
    switch (event.kind) {
      case "slot":
        return this.#host.slots.inc({ job: event.job, state: event.state });
      case "alert":
        return this.#host.alerts.set({ job: event.job, alert: event.alert }, event.firing ? 1 : 0);
      case "reloaded":
        return this.#reload(event);
      default:
    }
  }

  #reload({ added, removed }: HostEvent & { readonly kind: "reloaded" }): void {
    for (const job of added) this.#leaving.delete(job);
    for (const job of removed) this.#forget(job);
  }

  #forget(job: string): void {
    if (this.#feed.forget(job)) {
      this.#leaving.delete(job);
      void forgetSeries(this.#registry, job);
    } else this.#leaving.add(job);
  }
}
