/** What outlives the processes of a night: the state, the tables, the wall clock, and a disk that may be full. */
import type { Clock } from "../../../src/core/clock.ts";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { MemorySink } from "../../../src/testing/memory-sink.ts";

/** How likely what is, 0 to 1. */
export interface NightChances {
  /** At each step of the store and of a commit, the death of the process. */
  readonly death: number;
  /** At each task, the death of its thread. */
  readonly threadDeath: number;
  /** How long a commit takes at most, milliseconds. */
  readonly commitMs: number;
}

/** A calm world. */
export const CALM: NightChances = { death: 0, threadDeath: 0, commitMs: 100 };

/** The world of one night. */
export class NightWorld {
  readonly base: FakeClock;
  /** The wall clock may be set; the time that passes may not. */
  readonly clock: Clock;
  readonly random: Random;
  readonly store: StateStore = openMemoryStore();
  readonly #tables = new Map<string, MemorySink>();
  chances: NightChances;
  #offsetMs = 0;
  #fullUntil = 0;

  constructor(seed: number, startMs: number, chances: NightChances) {
    const base = new FakeClock(startMs);
    this.base = base;
    this.random = seededRandom(seed);
    this.chances = chances;
    this.clock = {
      now: () => base.now() + this.#offsetMs,
      monotonic: () => base.monotonic(),
      timer: (delayMs, callback) => base.timer(delayMs, callback),
    };
  }

  get isDiskFull(): boolean {
    return this.base.monotonic() < this.#fullUntil;
  }

  chance(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  /** Where a run writes, with its positions. */
  tableOf(run: string): MemorySink {
    const table = this.#tables.get(run) ?? new MemorySink();
    this.#tables.set(run, table);
    return table;
  }

  /** Somebody sets the clock. */
  setClock(byMs: number): void {
    this.#offsetMs += byMs;
  }

  fillDisk(forMs: number): void {
    this.#fullUntil = this.base.monotonic() + forMs;
  }

  /** Somebody makes room. */
  clearDisk(): void {
    this.#fullUntil = 0;
  }
}
