/** Hands what happens in a runtime to whoever listens; nobody can hold it up. */
import type { Clock } from "../core/clock.ts";
import type { RuntimeEvent, RuntimeObserver } from "../core/ports/runtime-events.ts";

/** Events that a consumer may be behind. */
const MAX_WAITING = 10_000;

/**
 * The events of a runtime.
 *
 * @example
 * const hub = new EventHub({ clock: systemClock, observers: [] });
 * for await (const event of hub.events(signal)) console.log(event.kind);
 */
export class EventHub {
  readonly #clock: Clock;
  readonly #observers: RuntimeObserver[];
  readonly #streams = new Set<EventStream>();

  constructor({ clock, observers }: { readonly clock: Clock; readonly observers: readonly RuntimeObserver[] }) {
    this.#clock = clock;
    this.#observers = [...observers];
  }

  /** Adds a subscriber that hears of all that comes from now on. */
  add(observer: RuntimeObserver): void {
    this.#observers.push(observer);
  }

  /** Tells everybody. Bound, so it can be handed over by itself. */
  readonly emit: RuntimeObserver = (event) => {
    for (const observer of this.#observers) {
      try {
        observer(event);
      } catch {
        // A subscriber's mistake harms nobody else.
      }
    }
    for (const stream of this.#streams) stream.put(event);
  };

  /** What happens from now on, until `signal` or {@link close}; a consumer that is too slow is told that it missed some. */
  events(signal?: AbortSignal): AsyncIterable<RuntimeEvent> {
    const stream = new EventStream(this.#clock);
    this.#streams.add(stream);
    return stream.read(signal, () => this.#streams.delete(stream));
  }

  /** Ends every stream once it has handed out what waits in it. */
  close(): void {
    for (const stream of this.#streams) stream.end();
  }
}

class EventStream {
  readonly #clock: Clock;
  #waiting: RuntimeEvent[] = [];
  #missed = 0;
  #ended = false;
  #wake = Promise.withResolvers<void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(event: RuntimeEvent): void {
    if (this.#waiting.length >= MAX_WAITING) this.#missed++;
    else this.#waiting.push(event);
    this.#wake.resolve();
  }

  end(): void {
    this.#ended = true;
    this.#wake.resolve();
  }

  async *read(signal: AbortSignal | undefined, left: () => void): AsyncGenerator<RuntimeEvent, void, undefined> {
    const onAbort = (): void => this.end();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      while (signal?.aborted !== true) {
        const events = this.#waiting;
        this.#waiting = [];
        yield* events;
        if (this.#missed > 0) yield this.#tellMissed();
        if (this.#waiting.length > 0) continue;
        if (this.#ended) return;
        this.#wake = Promise.withResolvers();
        await this.#wake.promise;
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
      left();
    }
  }

  #tellMissed(): RuntimeEvent {
    const message = `this consumer of events was too slow and missed ${this.#missed} of them`;
    this.#missed = 0;
    return { kind: "trouble", at: this.#clock.now(), job: null, code: "CLOSED", message };
  }
}
