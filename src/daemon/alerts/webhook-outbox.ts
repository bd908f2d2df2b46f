/** What is still to be said about one job to one address: gathered, posted, tried again. */
import type { HostEvent } from "../../core/ports/runtime-events.ts";
import type { Random } from "../../core/random.ts";
import { Backoff, type BackoffOptions } from "../../runtime/backoff.ts";
import type { AlertChange, AlertName } from "./alert.ts";
import type { WebhookAddress } from "./webhook-address.ts";
import { webhookMessage } from "./webhook-message.ts";
import { type PostTools, postWebhook } from "./webhook-post.ts";

/** What comes within so long of the first goes in one post, in milliseconds. */
const GATHER_MS = 5_000;

const RETRY: BackoffOptions = { initialDelayMs: 1_000, maxDelayMs: 5 * 60_000, multiplier: 2, jitter: "full" };

/** With what posts are made, and whom their trouble is told to. */
export interface OutboxTools extends PostTools {
  readonly random: Random;
  readonly emit: (event: HostEvent) => void;
}

/**
 * At most the newest word about each alert waits here, so that it is bounded without dropping anything that still holds:
 * an alert that began and ended while the receiver was away is told as ended, with both times.
 */
export class WebhookOutbox implements Disposable {
  readonly #job: string;
  readonly #address: WebhookAddress;
  readonly #tools: OutboxTools;
  readonly #backoff: Backoff;
  readonly #closing = new AbortController();
  readonly #pending = new Map<AlertName, AlertChange>();
  #timer: Disposable | null = null;
  #sending: Promise<void> | null = null;

  constructor(job: string, address: WebhookAddress, tools: OutboxTools) {
    this.#job = job;
    this.#address = address;
    this.#tools = tools;
    this.#backoff = new Backoff(RETRY, tools.random);
  }

  /** Whether there is nothing to be said. */
  get isIdle(): boolean {
    return this.#pending.size === 0 && this.#sending === null;
  }

  /** Takes a change; it is posted within {@link GATHER_MS} where the receiver is well. */
  add(change: AlertChange): void {
    this.#pending.set(change.alert, change);
    if (this.#timer === null && this.#sending === null) this.#wait(GATHER_MS);
  }

  /** Posts what there is now, once; resolves when that was answered or gave up. */
  async flush(): Promise<void> {
    await this.#sending;
    if (this.#pending.size > 0) await this.#send();
  }

  /** Drops what is left. */
  [Symbol.dispose](): void {
    this.#closing.abort();
    this.#timer?.[Symbol.dispose]();
    this.#pending.clear();
  }

  #wait(delayMs: number): void {
    if (this.#closing.signal.aborted) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#tools.clock.timer(delayMs, () => void this.#send());
  }

  #send(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
    this.#sending = this.#post().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #post(): Promise<void> {
    const changes = [...this.#pending.values()];
    this.#pending.clear();
    const message = webhookMessage(this.#job, changes);
    const outcome = await postWebhook(this.#address, message, this.#tools, this.#closing.signal);
    if (this.#closing.signal.aborted) return;
    if (outcome.kind === "taken") this.#backoff.reset();
    else this.#tell(outcome.reason, outcome.kind === "again");
    if (outcome.kind === "again") {
      // What was said meanwhile is newer.
      for (const change of changes) if (!this.#pending.has(change.alert)) this.#pending.set(change.alert, change);
      return this.#wait(Math.max(this.#backoff.next(), Math.min(outcome.notBeforeMs, RETRY.maxDelayMs)));
    }
    if (this.#pending.size > 0) this.#wait(GATHER_MS);
  }

  #tell(reason: string, again: boolean): void {
    const what = again ? "it is tried again" : "it is not tried again until the next alert";
    this.#tools.emit({
      at: this.#tools.clock.now(),
      kind: "trouble",
      job: this.#job,
      code: "ALERT_UNDELIVERED",
      message: `an alert was not delivered to ${this.#address.label}: ${reason}; ${what}`,
    });
  }
}
