/** The order of all things: one seed, one fake clock, one list of what is under way. */
import { type Random, seededRandom } from "../../../src/core/random.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

/** Any moment will do; the simulation has no relation to today. */
const START_MS = 1_700_000_000_000;

/** How long operations take: what share of them takes up to so many milliseconds. */
const DELAYS: readonly { readonly share: number; readonly uptoMs: number }[] = [
  { share: 0.2, uptoMs: 0 },
  { share: 0.7, uptoMs: 20 },
  { share: 0.09, uptoMs: 400 },
  { share: 0.01, uptoMs: 4_000 },
];

/** Told of everything that happens, for looking at one seed. */
export type Trace = (line: string) => void;

/** Decides by the seed how long everything takes, and so in which order everything happens. */
export class Scheduler {
  readonly clock = new FakeClock(START_MS);
  readonly random: Random;
  readonly #underWay = new Map<number, string>();
  #begun = 0;
  #steps = 0;

  readonly #trace: Trace | undefined;

  constructor(seed: number, trace?: Trace) {
    this.random = seededRandom(seed);
    this.#trace = trace;
  }

  /** Operations that have come to their end. */
  get steps(): number {
    return this.#steps;
  }

  /** What has begun and not ended, oldest first. */
  get underWay(): readonly string[] {
    return [...this.#underWay.values()];
  }

  /** Puts a line into the trace. */
  tell(line: string): void {
    this.#trace?.(`${this.clock.monotonic()} ms  ${line}`);
  }

  /** True in `share` of all cases. */
  chance(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  /** Takes some time, then calls back. */
  after(name: string, done: () => void, delayMs = this.#delayMs()): void {
    const id = this.#begun++;
    this.#underWay.set(id, name);
    this.clock.timer(delayMs, () => {
      this.#underWay.delete(id);
      this.#steps++;
      this.tell(name);
      done();
    });
  }

  /** Takes some time. For what happens outside of every process: the network, a server. */
  step(name: string, delayMs?: number): Promise<void> {
    return new Promise((resolve) => this.after(name, resolve, delayMs));
  }

  #delayMs(): number {
    let draw = this.random();
    for (const { share, uptoMs } of DELAYS) {
      if (draw < share) return Math.floor(this.random() * (uptoMs + 1));
      draw -= share;
    }
    return 0;
  }
}
