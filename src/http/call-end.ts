/** What may end a call before it has its answer: its caller, its time, the client's end. */
import { onAbort } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { parseDuration } from "../core/quantity.ts";
import type { Time } from "./options.ts";

/** One call's; disposing of it leaves nothing on the signals it listens to. */
export class CallEnd implements Disposable {
  readonly #controller = new AbortController();
  readonly #held = new DisposableStack();

  /** @param signals of which any ends it @param timeout absent: it takes as long as it takes */
  constructor(signals: readonly (AbortSignal | undefined)[], timeout: Time | undefined, clock: Clock) {
    for (const signal of signals) {
      if (signal !== undefined) this.#held.use(onAbort(signal, () => this.#controller.abort(signal.reason)));
    }
    if (timeout === undefined) return;
    const late = (): void =>
      this.#controller.abort(new MillraceError("REQUEST_FAILED", `there was no answer within ${timeout} (timeout)`));
    this.#held.use(clock.timer(parseDuration(timeout), late));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#held[Symbol.dispose]();
  }
}
