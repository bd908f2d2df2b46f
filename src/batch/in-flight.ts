/**
 * Calls side by side: at most so many under way, at most so many begun whose results nobody has taken, inputs asked for one
 * at a time. That is the back-pressure: who takes no results is asked for no inputs.
 *
 * When it ends, by its last result, by an error, by an abort or because nobody takes results any more, no further call
 * begins, those under way are told through their signal, and what becomes of them is nobody's.
 */
import { onAbort } from "../core/abort.ts";
import { abortError } from "../core/clock.ts";

/** How calls are made. */
export interface InFlightOptions<In, Out> {
  readonly inputs: AsyncIterable<In>;
  readonly call: (input: In, signal: AbortSignal) => Promise<Out>;
  readonly concurrency: number;
  /** Results in the order of the inputs; else as they come. */
  readonly ordered: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A call that was begun. */
interface Slot<Out> {
  state:
    | { readonly kind: "running" }
    | { readonly kind: "done"; readonly value: Out }
    | { readonly kind: "failed"; readonly error: unknown };
}

/** With results in order, a slow call holds back those behind it: so many times the concurrency may wait. */
const WAITING_RESULTS = 2;

/** The results, in batches of those that are ready. */
export async function* inFlight<In, Out>(options: InFlightOptions<In, Out>): AsyncGenerator<readonly Out[]> {
  const calls = new Calls(options);
  try {
    for (let ready = await calls.next(); ready.length > 0; ready = await calls.next()) yield ready;
  } finally {
    await calls.close();
  }
}

class Calls<In, Out> {
  readonly #options: InFlightOptions<In, Out>;
  readonly #inputs: AsyncIterator<In>;
  readonly #stopping = new AbortController();
  /** Calls whose results were not taken: all that were begun, in their order; or those that settled, as they did. */
  #slots: Slot<Out>[] = [];
  #active = 0;
  #asking = false;
  #ended = false;
  /** Of the inputs; told behind the results that came before it. */
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => {};
  #listening: Disposable | undefined;

  constructor(options: InFlightOptions<In, Out>) {
    this.#options = options;
    this.#inputs = options.inputs[Symbol.asyncIterator]();
    const { signal } = options;
    if (signal) this.#listening = onAbort(signal, () => this.#stop(signal.reason));
  }

  /** The results that are ready, at least one; none at the end. Throws the first failure once it is its turn. */
  async next(): Promise<readonly Out[]> {
    const { signal } = this.#options;
    for (;;) {
      if (signal?.aborted) throw abortError(signal);
      const ready = this.#takeReady();
      if (ready.length > 0) return ready;
      if (this.#slots[0]?.state.kind === "failed") throw this.#slots[0].state.error;
      if (this.#ended && this.#slots.length === 0 && this.#active === 0) {
        if (this.#failure) throw this.#failure.error;
        return [];
      }
      this.#ask();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Tells everyone that it is over. */
  async close(): Promise<void> {
    this.#listening?.[Symbol.dispose]();
    this.#stop();
    const closing = this.#inputs.return?.();
    // An input that is waited for closes when it has come.
    if (this.#asking) closing?.catch(() => {});
    else await closing;
  }

  #stop(reason?: unknown): void {
    this.#ended = true;
    this.#stopping.abort(reason);
    this.#wake();
  }

  #takeReady(): readonly Out[] {
    const ready: Out[] = [];
    for (const { state } of this.#slots) {
      if (state.kind !== "done") break;
      ready.push(state.value);
    }
    this.#slots.splice(0, ready.length);
    return ready;
  }

  /** Asks for the next input if a call may begin with it. */
  #ask(): void {
    const { concurrency, ordered } = this.#options;
    const begun = ordered ? this.#slots.length : this.#active + this.#slots.length;
    if (this.#ended || this.#asking || this.#active >= concurrency || begun >= WAITING_RESULTS * concurrency) return;
    this.#asking = true;
    this.#inputs.next().then(
      ({ value, done }) => this.#onInput(value as In, done === true),
      (error: unknown) => {
        this.#asking = false;
        this.#ended = true;
        this.#failure = { error };
        this.#wake();
      },
    );
  }

  #onInput(input: In, done: boolean): void {
    this.#asking = false;
    if (this.#ended) return;
    if (done) this.#ended = true;
    else this.#begin(input);
    this.#ask();
    this.#wake();
  }

  #begin(input: In): void {
    const slot: Slot<Out> = { state: { kind: "running" } };
    if (this.#options.ordered) this.#slots.push(slot);
    this.#active++;
    this.#options.call(input, this.#stopping.signal).then(
      (value) => this.#settle(slot, { kind: "done", value }),
      (error: unknown) => {
        this.#ended = true;
        this.#settle(slot, { kind: "failed", error });
      },
    );
  }

  #settle(slot: Slot<Out>, state: Slot<Out>["state"]): void {
    this.#active--;
    slot.state = state;
    if (!this.#options.ordered) this.#slots.push(slot);
    this.#ask();
    this.#wake();
  }
}
