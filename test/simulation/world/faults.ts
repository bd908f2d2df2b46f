/** What goes wrong on the way to a server and back. */
import type { Clock } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { Scheduler } from "./scheduler.ts";

/** Shares of all operations that go wrong, by kind. */
export interface FaultRates {
  /** The request does not even leave. */
  readonly unsent: number;
  /** It is done, but the reply is lost. */
  readonly lostReply: number;
  /** The reply is lost while the server is still at it. */
  readonly late: number;
  /** An exception that nobody foresaw, in the middle of an actor. */
  readonly crash: number;
  /** Threads die, of no record's fault. */
  readonly threadDeath: number;
}

/** No faults at all. */
export const NO_FAULTS: FaultRates = { unsent: 0, lostReply: 0, late: 0, crash: 0, threadDeath: 0 };

/** What becomes of one request. */
export type Fate = "done" | "unsent" | "lostReply" | "late" | "crash";

/** What becomes of each request to a server. */
export interface Fates {
  fate(name: string): Fate;
}

/** Share of the commits of a sink with {@link LostCommits} whose reply is lost. */
const LOST_COMMITS = 0.3;

/** The same, and replies to commits are lost again and again. */
export class LostCommits implements Fates {
  readonly #faults: Faults;
  readonly #scheduler: Scheduler;

  constructor(faults: Faults, scheduler: Scheduler) {
    this.#faults = faults;
    this.#scheduler = scheduler;
  }

  fate(name: string): Fate {
    const fate = this.#faults.fate();
    if (fate !== "done" || this.#faults.ceased || !COMMIT.test(name)) return fate;
    if (!this.#scheduler.chance(LOST_COMMITS)) return fate;
    // A store that is asked again knows its own work; one that is still at it would be asked too early.
    return name === "sink: commit" && this.#scheduler.chance(0.5) ? "late" : "lostReply";
  }
}

const COMMIT = /^(?:sink|state): commit$/;

/** The same, and nothing at all arrives while the server is down. */
export class ServerFaults implements Fates {
  readonly #faults: Fates;
  /** Until when, on the clock. */
  #downUntil = 0;
  readonly #clock: Clock;

  constructor(faults: Fates, clock: Clock) {
    this.#faults = faults;
    this.#clock = clock;
  }

  goDown(forMs: number): void {
    this.#downUntil = this.#clock.monotonic() + forMs;
  }

  fate(name: string): Fate {
    const fate = this.#faults.fate(name);
    return this.#clock.monotonic() < this.#downUntil ? "unsent" : fate;
  }
}

/** Draws fates until it is told to cease. */
export class Faults implements Fates {
  readonly #scheduler: Scheduler;
  readonly #given: FaultRates;
  #rates: FaultRates;
  #ceased = false;

  constructor(scheduler: Scheduler, rates: FaultRates) {
    this.#scheduler = scheduler;
    this.#given = rates;
    this.#rates = rates;
  }

  /** From here on all goes well. */
  cease(): void {
    this.#rates = NO_FAULTS;
    this.#ceased = true;
  }

  /** From here on it does not any more. */
  begin(): void {
    this.#rates = this.#given;
    this.#ceased = false;
  }

  get ceased(): boolean {
    return this.#ceased;
  }

  fate(): Fate {
    const { unsent, lostReply, late, crash } = this.#rates;
    if (this.#scheduler.chance(unsent)) return "unsent";
    if (this.#scheduler.chance(lostReply)) return "lostReply";
    if (this.#scheduler.chance(late)) return "late";
    return this.#scheduler.chance(crash) ? "crash" : "done";
  }

  threadDies(): boolean {
    return this.#scheduler.chance(this.#rates.threadDeath);
  }
}

/** What a port throws that nobody thought of. */
export function unforeseen(name: string): TypeError {
  return new TypeError(`simulated: cannot read properties of undefined (${name})`);
}

/** What a server that cannot be reached makes of a request. */
export function unreachable(name: string): MillraceError {
  return new MillraceError("SINK_UNAVAILABLE", `simulated: ${name}: connection refused`);
}
