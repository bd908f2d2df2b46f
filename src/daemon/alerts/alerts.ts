/** The alerts of a runtime: rules fed by its events and a clock, changes told as events and to webhooks. */
import type { Job } from "../../config/job.ts";
import type { Clock } from "../../core/clock.ts";
import type { HostEvent, RuntimeObserver } from "../../core/ports/runtime-events.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import type { Random } from "../../core/random.ts";
import { redact } from "../../core/redact.ts";
import { newestSuccesses } from "../newest-success.ts";
import type { AlertChange } from "./alert.ts";
import { AlertRules } from "./alert-rules.ts";
import type { WatchedJob } from "./rules-of.ts";
import { webhookAddress } from "./webhook-address.ts";
import { WebhookNotifier } from "./webhook-notifier.ts";

/** How often rules are asked that only time moves, in milliseconds. */
const TICK_MS = 5_000;

/** What of a job alerts look at. */
export type AlertedJob = Pick<Job, "name" | "alerts" | "errors">;

/** What alerts are made of. */
export interface AlertsOptions {
  /** Asked for each job's last success. */
  readonly state: Pick<StateStore, "listRuns">;
  readonly clock: Clock;
  readonly random: Random;
  /** Told each alert that begins or ends, and trouble with webhooks. */
  readonly emit: (event: HostEvent) => void;
  /** The global one by default. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Watches the jobs that have `alerts`, those of the last {@link Alerts.reload}, until disposed.
 *
 * @example
 * using alerts = new Alerts({ state, clock, random, emit });
 * await alerts.reload(jobs);
 * alerts.observe(event); // of the runtime, each
 */
export class Alerts implements Disposable {
  readonly #options: AlertsOptions;
  readonly #rules = new AlertRules();
  readonly #notifier: WebhookNotifier;
  /** Addresses by job; of a job that is gone until its alerts are told as ended. */
  #webhooks = new Map<string, string>();
  #timer: Disposable | null = null;
  #disposed = false;

  constructor(options: AlertsOptions) {
    const { clock, random, emit, fetch = globalThis.fetch } = options;
    this.#options = options;
    this.#notifier = new WebhookNotifier({ clock, random, emit, fetch });
  }

  /** To be told every event of the runtime; those that this makes may be among them. */
  readonly observe: RuntimeObserver = (event) => this.#say(this.#rules.take(event));

  /**
   * Another set of jobs. What fires and is not asked for any more ends.
   *
   * @throws MillraceError STATE_UNAVAILABLE; CONFIG_INVALID for a webhook that is no address
   */
  async reload(jobs: readonly AlertedJob[]): Promise<void> {
    const alerted = jobs.flatMap(({ name, alerts, errors }) => (alerts ? [{ job: name, alerts, errors }] : []));
    for (const { alerts } of alerted) if (alerts.webhook) webhookAddress(alerts.webhook);
    const asked = alerted.filter(({ alerts }) => alerts.noSuccessFor !== undefined).map(({ job }) => job);
    const successes = await newestSuccesses(this.#options.state, asked);
    if (this.#disposed) return;
    const now = this.#options.clock.now();
    const watched = alerted.map(({ job, alerts, errors: { minRecords } }): WatchedJob => {
      return { job, alerts, minRecords, successAt: successes.get(job) ?? now };
    });
    const webhooks = new Map(watched.flatMap(({ job, alerts: { webhook } }) => (webhook ? [[job, webhook]] : [])));
    const changes = this.#rules.watch(watched, now);
    // Who was told of the beginning is told of the end.
    this.#webhooks = new Map([...this.#webhooks, ...webhooks]);
    this.#say(changes);
    this.#webhooks = webhooks;
    this.#timer?.[Symbol.dispose]();
    if (watched.length > 0) this.#tickLater();
  }

  /** What fires now. */
  firing(): readonly AlertChange[] {
    return this.#rules.firing();
  }

  /** Posts what is still to be said at once, each once: a program that ends may have just found out why. */
  async flush(): Promise<void> {
    await this.#notifier.flush();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.[Symbol.dispose]();
    this.#notifier[Symbol.dispose]();
  }

  #tickLater(): void {
    this.#timer = this.#options.clock.timer(TICK_MS, () => {
      this.#say(this.#rules.tick(this.#options.clock.now()));
      this.#tickLater();
    });
  }

  #say(changes: readonly AlertChange[]): void {
    for (const change of changes) {
      const { job, alert, firing, at } = change;
      const message = redact(change.message);
      const webhook = this.#webhooks.get(job);
      if (webhook !== undefined && !this.#disposed) this.#notifier.notify(webhook, { ...change, message });
      this.#options.emit({ at, kind: "alert", job, alert, firing, message });
    }
  }
}
