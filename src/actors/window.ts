/** Bounds how far the threads may run ahead of the oldest unfinished chunk. */
import { WaitQueue } from "../runtime/wait-queue.ts";

/** A counted permit: `enter` waits while `size` chunks are inside. */
export class Window {
  readonly #waiting = new WaitQueue<void>();
  #free: number;
  #aborted: { readonly error: unknown } | null = null;

  constructor(size: number) {
    this.#free = size;
  }

  /** @throws MillraceError ABORTED once `signal` is aborted, or the error of `abort` */
  async enter(signal: AbortSignal): Promise<void> {
    if (this.#aborted !== null) throw this.#aborted.error;
    if (this.#free === 0) return this.#waiting.wait(undefined, signal);
    this.#free--;
  }

  leave(): void {
    if (!this.#waiting.succeedHead()) this.#free++;
  }

  /** Nobody will leave any more: every waiting and later `enter` fails with `error`. */
  abort(error: unknown): void {
    this.#aborted ??= { error };
    this.#waiting.failAll(error);
  }
}
