/** Those who wait for one thing, in the order in which they came. */
import { abortError } from "../core/clock.ts";
import { Fifo } from "./fifo.ts";

interface Waiter<Result, Offer> {
  readonly offer: Offer;
  succeed(result: Result): void;
  fail(error: unknown): void;
}

/**
 * A fair queue of promises. Each waiter brings an offer (what it wants to hand over or needs) and goes away with a
 * result, with an error, or by its own abort signal. An aborted waiter leaves nothing behind, neither in the queue nor
 * on the signal.
 *
 * @example
 * const queue = new WaitQueue<string, number>();
 * const waiting = queue.wait(7);
 * if (queue.head === 7) queue.succeedHead("seven");
 * await waiting; // "seven"
 */
export class WaitQueue<Result, Offer = undefined> {
  readonly #waiters = new Fifo<Waiter<Result, Offer>>();

  /** How many wait. */
  get size(): number {
    return this.#waiters.size;
  }

  /** What the longest waiting one offers. */
  get head(): Offer | undefined {
    return this.#waiters.peek()?.offer;
  }

  /**
   * Waits at the end of the queue.
   *
   * @param onAborted called after an aborted waiter has left: those behind it may now have their turn
   * @throws MillraceError ABORTED (as a rejection) once `signal` is aborted
   */
  wait(offer: Offer, signal?: AbortSignal, onAborted?: () => void): Promise<Result> {
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const leave = (): void => {
      this.#waiters.remove(entry);
      reject(abortError(signal));
      onAborted?.();
    };
    const entry = this.#waiters.push({
      offer,
      succeed(result) {
        signal?.removeEventListener("abort", leave);
        resolve(result);
      },
      fail(error) {
        signal?.removeEventListener("abort", leave);
        reject(error);
      },
    });
    signal?.addEventListener("abort", leave, { once: true });
    return promise;
  }

  /** Ends the wait of the head with a result; false if nobody waits. */
  succeedHead(result: Result): boolean {
    const waiter = this.#waiters.shift();
    waiter?.succeed(result);
    return waiter !== undefined;
  }

  /** Ends every wait with a result. */
  succeedAll(result: Result): void {
    for (const waiter of this.#waiters.takeAll()) waiter.succeed(result);
  }

  /** Ends every wait with an error. */
  failAll(error: unknown): void {
    for (const waiter of this.#waiters.takeAll()) waiter.fail(error);
  }
}
