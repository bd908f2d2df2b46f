/** Posts alerts to the webhooks of their jobs, beside the runs and never in their way. */
import type { AlertChange } from "./alert.ts";
import { webhookAddress } from "./webhook-address.ts";
import { type OutboxTools, WebhookOutbox } from "./webhook-outbox.ts";

/** Keeps an outbox for each job and address that something is to be said to. */
export class WebhookNotifier implements Disposable {
  readonly #tools: OutboxTools;
  readonly #outboxes = new Map<string, WebhookOutbox>();

  constructor(tools: OutboxTools) {
    this.#tools = tools;
  }

  /**
   * Takes a change for an address; returns at once.
   *
   * @throws MillraceError CONFIG_INVALID where the address is none
   */
  notify(webhook: string, change: AlertChange): void {
    const key = JSON.stringify([change.job, webhook]);
    const outbox = this.#outboxes.get(key) ?? new WebhookOutbox(change.job, webhookAddress(webhook), this.#tools);
    outbox.add(change);
    this.#forgetIdle();
    this.#outboxes.set(key, outbox);
  }

  /** Posts what is still to be said now, each once; for the end of a program. */
  async flush(): Promise<void> {
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.flush()));
  }

  [Symbol.dispose](): void {
    for (const outbox of this.#outboxes.values()) outbox[Symbol.dispose]();
    this.#outboxes.clear();
  }

  /** Jobs and addresses come and go with reloads. */
  #forgetIdle(): void {
    for (const [key, outbox] of this.#outboxes) if (outbox.isIdle) this.#outboxes.delete(key);
  }
}
