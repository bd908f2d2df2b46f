/** What a runtime tells to machines: metrics, log, spans and alerts, opened together and given its events. */
import type { Registry } from "prom-client";
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { HostEvent, RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import type { NextSlots, SharedPools } from "../observability/host-metric-set.ts";
import type { PinoLines } from "../observability/json-log.ts";
import { logRuntime } from "../observability/logger.ts";
import type { RuntimeLogOptions } from "../observability/runtime-log.ts";
import { type RuntimeMetrics, runtimeMetrics } from "../observability/runtime-metrics.ts";
import { spans } from "../observability/spans.ts";
import { ALERT_NAMES } from "./alerts/alert.ts";
import { Alerts } from "./alerts/alerts.ts";
import { newestSuccesses } from "./newest-success.ts";

/** The parts of a runtime that this needs. */
export interface TellingOptions {
  readonly registry: Registry;
  /** Nothing is logged without one. */
  readonly logger?: PinoLines | undefined;
  readonly log?: RuntimeLogOptions;
  readonly state: Pick<StateStore, "listRuns">;
  readonly clock: Clock;
  readonly random: Random;
  /** Where alerts, and trouble with their webhooks, are told as events. */
  readonly emit: (event: HostEvent) => void;
  /** Of millrace. */
  readonly version: string;
  readonly nextSlots: NextSlots;
  readonly pools: SharedPools;
}

/**
 * Opens it; jobs are given to {@link Telling.hold}.
 *
 * @example
 * using telling = await openTelling({ registry, logger, state, clock, random, emit, version, nextSlots, pools });
 * for (const observer of telling.observers) hub.add(observer);
 * await telling.hold(jobs);
 */
export async function openTelling(options: TellingOptions): Promise<Telling> {
  const { registry, logger, log, version, nextSlots, pools } = options;
  const metrics = await runtimeMetrics(registry, { version, nextSlots, pools });
  const written = logger === undefined ? [] : [logRuntime(logger, log)];
  return new Telling(metrics, [...written, await spans()], options);
}

/** See {@link openTelling}. */
export class Telling implements Disposable {
  /** To be told every event, in this order: alerts come last, so that what they say stands behind what they say it of. */
  readonly observers: readonly RuntimeObserver[];
  readonly #metrics: RuntimeMetrics;
  readonly #alerts: Alerts;
  readonly #state: TellingOptions["state"];

  constructor(metrics: RuntimeMetrics, others: readonly RuntimeObserver[], options: TellingOptions) {
    this.#metrics = metrics;
    this.#alerts = new Alerts(options);
    this.#state = options.state;
    this.observers = [metrics.observe, ...others, this.#alerts.observe];
  }

  /**
   * The jobs that hold from now on; after a reload, once `reloaded` was told.
   *
   * @throws MillraceError STATE_UNAVAILABLE
   */
  async hold(jobs: readonly Job[]): Promise<void> {
    const names = jobs.map(({ name }) => name);
    const successes = await newestSuccesses(this.#state, names);
    this.#metrics.know(
      jobs.map(({ name, alerts }) => ({
        job: name,
        successAt: successes.get(name),
        alerts: ALERT_NAMES.filter((alert) => alerts?.[alert] !== undefined && alerts[alert] !== false),
      })),
    );
    await this.#alerts.reload(jobs);
  }

  /** Posts alerts that still wait, each once, within ten seconds; for the end of a drain. */
  flush(): Promise<void> {
    return this.#alerts.flush();
  }

  [Symbol.dispose](): void {
    this.#alerts[Symbol.dispose]();
  }
}
