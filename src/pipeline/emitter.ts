/** Tells a run's observers what happens. */
import type { Emit } from "../actors/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Observer } from "../core/ports/observer.ts";

/** Whose events they are, and who hears of them. */
export interface EmitterOptions {
  readonly job: string;
  /** '' before the run is chosen. */
  readonly run: string;
  readonly observers: readonly Observer[];
  readonly clock: Clock;
}

/** An emitter; an observer's mistake does not harm the run or the other observers. */
export function emitterOf({ job, run, observers, clock }: EmitterOptions): Emit {
  return (body) => {
    const event = { ...body, job, run, at: clock.now() };
    for (const observer of observers) {
      try {
        observer(event);
      } catch {
        // Dropped: see above.
      }
    }
  };
}
