/** A lock for things that go together and things that have to be alone. */
import { WaitQueue } from "./wait-queue.ts";

/**
 * Lets many in together or one in alone, in order of arrival: one that waits to be alone keeps later ones out.
 *
 * @example
 * const lock = new SharedLock();
 * using permit = await lock.enter("alone");
 */
export class SharedLock {
  readonly #waiting = new WaitQueue<Disposable, "alone" | "together">();
  #inside = 0;
  #alone = false;

  /** Waits for its turn; disposing the permit leaves. */
  enter(how: "alone" | "together"): Promise<Disposable> {
    const permit = this.#waiting.wait(how);
    this.#serve();
    return permit;
  }

  #serve(): void {
    for (let how = this.#waiting.head; how !== undefined; how = this.#waiting.head) {
      if (this.#alone || (how === "alone" && this.#inside > 0)) return;
      this.#inside++;
      this.#alone = how === "alone";
      this.#waiting.succeedHead(this.#permit());
    }
  }

  #permit(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#inside--;
        this.#alone = false;
        this.#serve();
      },
    };
  }
}
