/** Which sinks of a run are paused by their breakers, how often that happened, and for how long. */
import type { BreakerPause } from "../core/summary.ts";
import type { RunEvent } from "../core/ports/observer.ts";

interface Pause {
  readonly opened: number;
  readonly openMs: number;
  readonly reason: string | null;
}

/** Follows one run. A breaker that tries one request still holds all others up, so it counts as open. */
export class BreakerWatch {
  /** Since when, by sink, in the clock's milliseconds. */
  readonly #since = new Map<string, number>();
  readonly #pauses = new Map<string, Pause>();

  /** Takes notice of an event; those that tell nothing of breakers are let pass. */
  take(event: RunEvent): void {
    if (event.kind === "breaker") this.#turn(event);
    // A writer that is new knows nothing of what the one before it met.
    else if (event.kind === "sink-opened") this.#close(event.sink, event.at);
    else if (event.kind === "run-ended") for (const sink of this.open) this.#close(sink, event.at);
  }

  /** Names of the sinks that are paused. */
  get open(): readonly string[] {
    return [...this.#since.keys()];
  }

  /** What it came to by `at`, the clock's milliseconds: sinks that were never paused are left out. */
  list(at: number): readonly BreakerPause[] {
    return [...this.#pauses].map(([sink, { opened, openMs, reason }]) => {
      const since = this.#since.get(sink) ?? at;
      return { sink, opened, openMs: openMs + Math.max(0, at - since), reason };
    });
  }

  #turn({ sink, state, at, reason }: RunEvent & { readonly kind: "breaker" }): void {
    if (state === "closed") return this.#close(sink, at);
    const { opened, openMs, ...before } = this.#pauses.get(sink) ?? { opened: 0, openMs: 0, reason: null };
    const again = state === "open" ? 1 : 0;
    this.#pauses.set(sink, { opened: opened + again, openMs, reason: reason ?? before.reason });
    if (!this.#since.has(sink)) this.#since.set(sink, at);
  }

  #close(sink: string, at: number): void {
    const since = this.#since.get(sink);
    const pause = this.#pauses.get(sink);
    if (since === undefined || pause === undefined) return;
    this.#since.delete(sink);
    this.#pauses.set(sink, { ...pause, openMs: pause.openMs + Math.max(0, at - since) });
  }
}
