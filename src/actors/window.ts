/** Bounds how far the threads may run ahead of the oldest unfinished chunk. */
import { WaitQueue } from "../runtime/wait-queue.ts";

/** A counted permit: `enter` waits while `size` chunks are inside. */
export class Window {
  readonly #waiting = new WaitQueue<void>();
  #free: number;

  constructor(size: number) {
    this.#free = size;
  }

  /** @throws MillraceError ABORTED once `signal` is aborted */
  async enter(signal: AbortSignal): Promise<void> {
    if (this.#free === 0) return this.#waiting.wait(undefined, signal);
    this.#free--;
  }

  leave(): void {
    if (!this.#waiting.succeedHead()) this.#free++;
  }
}
