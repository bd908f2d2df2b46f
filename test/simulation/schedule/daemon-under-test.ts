/** A process that runs schedules and may die at any step: of its store, of its runs, between them. */
import type { Clock } from "../../../src/core/clock.ts";
import type { HostEvent } from "../../../src/core/ports/runtime-events.ts";
import type { ScheduleStore } from "../../../src/core/ports/schedule-store.ts";
import type { Random } from "../../../src/core/random.ts";
import type { Launcher, SlotOutcome } from "../../../src/scheduling/launcher.ts";
import type { ScheduledJob } from "../../../src/scheduling/job-schedule.ts";
import { Scheduler } from "../../../src/scheduling/scheduler.ts";
import { clockTicker } from "../../../src/scheduling/ticker.ts";

/** What outlives processes: the store, and what runs have done. */
export interface Durable {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Who holds the lease of a slot's run; one of a dead process is nobody's. */
  readonly leases: Map<string, DaemonUnderTest>;
  /** How often a run of each slot came to its end. */
  readonly completed: Map<string, number>;
}

/** How likely what is, 0 to 1. */
export interface Chances {
  /** At each step of the store and of a run, the death of the process. */
  readonly death: number;
  /** At each step of the store, an error instead. */
  readonly refusal: number;
  /** That a run fails. */
  readonly failure: number;
  /** How long a run takes at most, milliseconds. */
  readonly runMs: number;
}

/** One process from its start to its death or its stop. */
export class DaemonUnderTest {
  readonly events: HostEvent[] = [];
  readonly #durable: Durable;
  readonly #chances: () => Chances;
  readonly #scheduler: Scheduler;
  #alive = true;

  constructor(durable: Durable, chances: () => Chances) {
    this.#durable = durable;
    this.#chances = chances;
    const clock = this.#mortalClock();
    this.#scheduler = new Scheduler({
      ...{ clock, ticker: clockTicker(clock), store: this.#mortalStore(), launcher: this.#launcher() },
      emit: (event) => void this.events.push(event),
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  async start(jobs: readonly ScheduledJob[]): Promise<void> {
    await this.#scheduler.set(jobs);
    this.#scheduler.start();
  }

  /** In order: what is under way is handed back. */
  async stop(): Promise<void> {
    await this.#scheduler.stop();
    this.#stopping = true;
    await this.#scheduler.settled();
    this.die();
  }

  /** Nothing that it has begun goes on. */
  die(): void {
    this.#alive = false;
    for (const [slot, owner] of this.#durable.leases) if (owner === this) this.#durable.leases.delete(slot);
  }

  #stopping = false;

  /** Dead processes do nothing and hear nothing. */
  async #step(): Promise<void> {
    await Promise.resolve();
    if (this.#alive && this.#durable.random() < this.#chances().death) this.die();
    // A promise of its own: who waits for one that all share stays there.
    if (!this.#alive) await new Promise<never>(() => {});
  }

  #mortalClock(): Clock {
    const { clock } = this.#durable;
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      timer: (delayMs, callback) => clock.timer(delayMs, () => this.#alive && callback()),
    };
  }

  #mortalStore(): ScheduleStore {
    const through =
      (name: keyof ScheduleStore) =>
      async (...args: unknown[]) => {
        await this.#step();
        if (this.#durable.random() < this.#chances().refusal) throw new Error(`${name}: the store is away`);
        const { store } = this.#durable;
        const result = await (store[name] as (...given: unknown[]) => Promise<unknown>).apply(store, args);
        await this.#step();
        return result;
      };
    return new Proxy(this.#durable.store, { get: (_store, name) => through(name as keyof ScheduleStore) });
  }

  /** As runs are: one holder of the lease at a time, and one that has succeeded is not begun again. */
  #launcher(): Launcher {
    const { leases, completed, clock, random } = this.#durable;
    return {
      launch: async (job, { slot }, superseded): Promise<SlotOutcome> => {
        const key = `${job} ${slot}`;
        await this.#step();
        if (leases.has(key)) return { state: "due", run: null, reason: "held" };
        leases.set(key, this);
        await this.#step();
        if (completed.has(key)) return this.#ended(key, { state: "succeeded", run: key });
        const fails = random() < this.#chances().failure;
        const until = clock.monotonic() + random() * this.#chances().runMs;
        while (clock.monotonic() < until && !this.#stopping && !superseded.aborted) await this.#pass(100);
        if (superseded.aborted) return this.#ended(key, { state: "cancelled", run: key, reason: "superseded" });
        if (this.#stopping) return this.#ended(key, { state: "due", run: key, reason: "stopping" });
        await this.#step();
        if (fails) return this.#ended(key, { state: "failed", run: key, reason: "by chance" });
        completed.set(key, (completed.get(key) ?? 0) + 1);
        await this.#step();
        return this.#ended(key, { state: "succeeded", run: key });
      },
      isUnderWay: async (job, slot) => {
        await this.#step();
        return leases.has(`${job} ${slot}`);
      },
    };
  }

  #ended(key: string, outcome: SlotOutcome): SlotOutcome {
    this.#durable.leases.delete(key);
    return outcome;
  }

  #pass(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#mortalClock().timer(delayMs, resolve));
  }
}
