/**
 * The number of tasks that may run at once in this process, over all runs: each run has its own threads, so that without
 * a ticket three runs would compete for the cores with three times as many.
 */
import { MillraceError } from "../../core/errors.ts";
import { WaitQueue } from "../wait-queue.ts";

/** What a {@link ThreadTicket} has lent at this moment. */
export interface ThreadTicketStats {
  readonly threads: number;
  readonly lent: number;
  readonly waiting: number;
}

/**
 * Lends `threads` permits, round robin between the owners that wait and in order of arrival within an owner.
 *
 * @example
 * const ticket = new ThreadTicket(2);
 * using permit = await ticket.acquire("orders");
 */
export class ThreadTicket {
  readonly #threads: number;
  /** Owners that wait, the next in turn first. */
  readonly #turn = new Map<string, WaitQueue<Disposable>>();
  #lent = 0;

  /**
   * @param threads how many tasks may run at once
   * @throws MillraceError INVARIANT when that is not a whole number above zero
   */
  constructor(threads: number) {
    if (!Number.isSafeInteger(threads) || threads < 1) {
      throw new MillraceError("INVARIANT", `a ticket for ${threads} threads was asked for; it takes at least one`);
    }
    this.#threads = threads;
  }

  get stats(): ThreadTicketStats {
    let waiting = 0;
    for (const queue of this.#turn.values()) waiting += queue.size;
    return { threads: this.#threads, lent: this.#lent, waiting };
  }

  /**
   * Waits for a permit; disposing it hands it to the next in turn.
   *
   * @param owner the run that asks
   * @throws MillraceError ABORTED when `signal` is aborted first
   */
  acquire(owner: string, signal?: AbortSignal): Promise<Disposable> {
    const queue = this.#turn.get(owner) ?? new WaitQueue<Disposable>();
    const permit = queue.wait(undefined, signal, () => {
      if (queue.size === 0) this.#turn.delete(owner);
    });
    if (queue.size > 0) this.#turn.set(owner, queue);
    this.#serve();
    return permit;
  }

  #serve(): void {
    for (const [owner, queue] of this.#turn) {
      if (this.#lent === this.#threads) return;
      this.#turn.delete(owner);
      queue.succeedHead(this.#lend());
      if (queue.size > 0) this.#turn.set(owner, queue);
    }
  }

  #lend(): Disposable {
    this.#lent++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#lent--;
        this.#serve();
      },
    };
  }
}
