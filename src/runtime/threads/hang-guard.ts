/** Ends threads in which a task makes no progress. */
import type { Clock } from "../../core/clock.ts";
import type { FlightReading } from "./flight-recorder.ts";
import type { Flight, Flights } from "./flights.ts";
import type { RosterThread, ThreadRoster } from "./thread-roster.ts";
import { Watchdog } from "./watchdog.ts";

/** How a {@link HangGuard} is made. */
export interface HangGuardOptions {
  readonly clock: Clock;
  /** As in `ThreadPoolOptions`, milliseconds. */
  readonly hangTimeoutMs: number;
  readonly loadTimeoutMs?: number;
}

/** Watches the flights of one pool. */
export class HangGuard<Job> implements Disposable {
  readonly #flights: Flights<Job>;
  readonly #roster: ThreadRoster;
  readonly #watchdog: Watchdog<Flight<Job>>;
  /** Timeouts that a flight may wait for what loads, and those that it has waited. */
  readonly #loadTimeouts: number;
  readonly #waited = new WeakMap<Flight<Job>, number>();

  constructor(options: HangGuardOptions, flights: Flights<Job>, roster: ThreadRoster) {
    const { clock, hangTimeoutMs, loadTimeoutMs = hangTimeoutMs } = options;
    this.#loadTimeouts = Math.ceil(loadTimeoutMs / hangTimeoutMs);
    this.#flights = flights;
    this.#roster = roster;
    this.#watchdog = new Watchdog({
      clock,
      timeoutMs: hangTimeoutMs,
      subjects: () => flights,
      progressOf: (flight) => progressOf(flights.read(flight)),
      onStalled: (flight) => this.#onStalled(flight),
    });
  }

  /** To be called whenever a flight has begun. */
  watch(): void {
    this.#watchdog.watch();
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#watchdog[Symbol.dispose]();
  }

  #onStalled(flight: Flight<Job>): void {
    const { state, counter } = this.#flights.read(flight);
    this.#flights.noteAllBegan();
    // a task that has told nothing yet may be loading modules of its own
    if (counter === 0) {
      const waited = (this.#waited.get(flight) ?? 0) + 1;
      this.#waited.set(flight, waited);
      if (waited < this.#loadTimeouts) return;
    }
    if (state === "waiting") {
      for (const thread of this.#roster.living) if (!thread.began) end(thread);
      return;
    }
    const thread = this.#flights.threadOf(flight);
    if (thread === undefined) return;
    flight.hung = true;
    end(thread);
  }
}

/** A task that no thread has begun counts as standing still too: its threads may hang while they load. */
function progressOf({ state, counter }: FlightReading): number | null {
  if (state === "ended") return null;
  return state === "waiting" ? -1 : counter;
}

function end(thread: RosterThread): void {
  thread.hung = true;
  thread.terminate();
}
