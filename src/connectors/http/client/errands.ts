/** The calls of a client that are under way, for the two things that end them early: an abort, and their time. */
import { abortError, type Clock } from "../../../core/clock.ts";
import type { MillraceError } from "../../../core/errors.ts";
import { Errand } from "./errand.ts";
import type { HttpCall } from "./port.ts";

/** Signals that are listened to although nothing is under way for them any more, so that the next call need not. */
const MOST_SIGNALS = 8;

/** What a book of errands needs. */
export interface ErrandsOptions {
  readonly clock: Clock;
  /** How long a call may take, in milliseconds. */
  readonly limitMs: number;
  /** The error of one that took longer. */
  readonly late: (call: HttpCall) => MillraceError;
}

/**
 * One timer and one listener a signal for all calls. They stand in an array of places that are used again: a set, a list
 * or listeners of their own would, call after call, leave a chain of dead entries for the garbage collector to copy, which
 * cost a tenth of a small request.
 */
export class Errands implements Disposable {
  readonly #options: ErrandsOptions;
  readonly #places: (Errand | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #signals = new Set<AbortSignal>();
  #timer: Disposable | undefined;

  constructor(options: ErrandsOptions) {
    this.#options = options;
  }

  /** Begins a call that has to be through in time. @throws MillraceError ABORTED */
  begin(call: HttpCall, signal: AbortSignal): Errand {
    if (signal.aborted) throw abortError(signal);
    if (!this.#signals.has(signal)) this.#watch(signal);
    const { clock, limitMs } = this.#options;
    this.#timer ??= clock.timer(limitMs, () => this.#ring());
    return new Errand(call, { signal, endsAt: clock.monotonic() + limitMs }, this);
  }

  /** For the errand itself. @returns its place */
  enter(errand: Errand): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = errand;
    return place;
  }

  /** For the errand itself; harmless to repeat. */
  leave(place: number, errand: Errand): void {
    if (this.#places[place] !== errand) return;
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  /** Of a signal. */
  handleEvent({ target }: { readonly target: EventTarget | null }): void {
    for (const errand of this.#places) if (errand?.signal === target) errand?.over(abortError(errand.signal));
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const signal of this.#signals) this.#unwatch(signal);
  }

  #watch(signal: AbortSignal): void {
    if (this.#signals.size >= MOST_SIGNALS) {
      const used = new Set(this.#places.map((errand) => errand?.signal));
      for (const other of this.#signals) if (!used.has(other)) this.#unwatch(other);
    }
    this.#signals.add(signal);
    signal.addEventListener("abort", this);
  }

  #unwatch(signal: AbortSignal): void {
    this.#signals.delete(signal);
    signal.removeEventListener("abort", this);
  }

  #ring(): void {
    const { clock, late } = this.#options;
    const now = clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const errand of this.#places) {
      if (errand === undefined) continue;
      if (errand.endsAt > now) next = Math.min(next, errand.endsAt);
      else errand.over(late(errand.call));
    }
    this.#timer =
      next === Number.POSITIVE_INFINITY ? undefined : clock.timer(Math.ceil(next - now), () => this.#ring());
  }
}
