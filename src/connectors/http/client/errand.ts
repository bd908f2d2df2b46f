/** One call from its first request to the last byte of its answer, whatever redirects and fresh tokens lie between. */
import type { MillraceError } from "../../../core/errors.ts";
import type { Errands } from "./errands.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpCall } from "./port.ts";

/** How an errand may end before it is done. */
export interface ErrandEnds {
  readonly signal: AbortSignal;
  /** Monotonic time at which it is too late. */
  readonly endsAt: number;
}

/** Ends the exchange that runs for it when its caller gives up or its time is over. */
export class Errand implements Disposable {
  readonly call: HttpCall;
  readonly signal: AbortSignal;
  readonly #book: Errands;
  readonly #place: number;
  #endsAt: number;
  #exchange: Exchange | undefined;
  #end: MillraceError | undefined;

  constructor(call: HttpCall, { signal, endsAt }: ErrandEnds, book: Errands) {
    this.call = call;
    this.signal = signal;
    this.#endsAt = endsAt;
    this.#book = book;
    this.#place = book.enter(this);
  }

  /** Monotonic time at which it is too late. */
  get endsAt(): number {
    return this.#endsAt;
  }

  /** From now on it may take as long as it likes. */
  relax(): void {
    this.#endsAt = Number.POSITIVE_INFINITY;
  }

  /** From now on this one runs for it. */
  run(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  /** @throws MillraceError when it is over already */
  assertOn(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  /** It is over; whoever waits for its exchange gets the error. */
  over(error: MillraceError): void {
    this.#end ??= error;
    this.#exchange?.cancel(this.#end);
  }

  /** Drops what still runs. */
  [Symbol.dispose](): void {
    this.#book.leave(this.#place, this);
    this.#exchange?.cancel();
  }
}
