/** Lets so many callers work at once; the others wait for their turn, in the order in which they came. */
import { WaitQueue } from "../runtime/wait-queue.ts";

/**
 * A fair semaphore.
 *
 * @example
 * using _turn = await turns.take(signal);
 */
export class Turns {
  readonly #waiting = new WaitQueue<Disposable>();
  readonly #most: number;
  #taken = 0;

  /** @param most callers at once */
  constructor(most: number) {
    this.#most = most;
  }

  /** Callers that work. */
  get taken(): number {
    return this.#taken;
  }

  /** Callers that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Waits for a turn, which disposing of it ends.
   *
   * @throws MillraceError ABORTED
   */
  async take(signal?: AbortSignal): Promise<Disposable> {
    if (this.#taken >= this.#most) return this.#waiting.wait(undefined, signal);
    this.#taken++;
    return this.#turn();
  }

  #turn(): Disposable {
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      if (!this.#waiting.succeedHead(this.#turn())) this.#taken--;
    };
    return { [Symbol.dispose]: end };
  }
}
