/** A daemon as a whole, from its start to its death or its stop: scheduler, desk and runs; only its doors are missing. */
import type { Job } from "../../../src/config/job.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RuntimeEvent } from "../../../src/core/ports/runtime-events.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { TaskRunner } from "../../../src/core/task.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { RunDesk } from "../../../src/daemon/run-desk.ts";
import { schedulesOf } from "../../../src/daemon/schedules.ts";
import { SlotLauncher } from "../../../src/daemon/slot-launcher.ts";
import { openSharedWorld } from "../../../src/pipeline/shared-world.ts";
import { Scheduler } from "../../../src/scheduling/scheduler.ts";
import { SuccessBell } from "../../../src/scheduling/success-bell.ts";
import { clockTicker } from "../../../src/scheduling/ticker.ts";
import { HereThreads } from "../../../src/testing/here-threads.ts";
import { type NightRules, nightJobs } from "./night-jobs.ts";
import type { NightWorld } from "./night-world.ts";

/** What a full disk still answers. */
const READING: ReadonlySet<string | symbol> = new Set<keyof StateStore>([
  ...(["findSchedule", "listSlots", "findRun", "listRuns", "findLease"] as const),
  ...(["progress", "words", "listRejects", "listPositions"] as const),
]);
const DEAD = "the process is dead";

/** One process. */
export class NightProcess {
  readonly jobs: readonly Job[];
  readonly #world: NightWorld;
  readonly #threads = new HereThreads(systemClock);
  readonly #desk: RunDesk;
  readonly #scheduler: Scheduler;
  readonly #state: StateStore;
  readonly #bell = new SuccessBell();
  #alive = true;
  #gone: Promise<void> | undefined;

  /** @param told hears of everything */
  constructor(world: NightWorld, rules: NightRules, told: (event: RuntimeEvent) => void) {
    this.#world = world;
    this.jobs = nightJobs(rules, world, () => this.#step());
    const { clock, random } = world;
    const emit = (event: RuntimeEvent): void => {
      told(event);
      if (event.kind === "run-ended" && event.state === "succeeded") this.#bell.ring(event.job);
    };
    const state = this.#mortalStore();
    this.#state = state;
    const shared = { ...openSharedWorld({ memoryBytes: 1024 * 1024, threads: 2 }), startThreads: this.#startThreads };
    this.#desk = new RunDesk({ state, clock, random, shared, emit, routes: () => undefined });
    const jobNamed = (name: string): Job | undefined => this.jobs.find((job) => job.name === name);
    const launcher = new SlotLauncher({ desk: this.#desk, state, clock, emit, jobNamed });
    this.#scheduler = new Scheduler({ store: state, launcher, clock, emit, ticker: clockTicker(clock) });
  }

  get alive(): boolean {
    return this.#alive;
  }

  async start(): Promise<void> {
    const { clock } = this.#world;
    const schedules = schedulesOf(this.jobs, new Map(), { state: this.#state, clock, bell: this.#bell });
    await this.#scheduler.set(schedules);
    if (this.#gone === undefined) this.#scheduler.start();
  }

  /** In order: what is under way is committed and handed back. */
  async stop(): Promise<void> {
    this.#gone ??= this.#end(() => this.#desk.close("the runtime stops"));
    await this.#gone;
    this.#alive = false;
  }

  /** From now on nothing of it has any effect: what still winds up in it reaches neither store nor table. */
  die(): void {
    this.#alive = false;
    const gone = this.#end(() => {
      this.#desk.close(DEAD);
      for (const run of this.#desk.active) run.kill(DEAD);
    });
    this.#gone = Promise.all([this.#gone, gone]).then(() => {});
  }

  /** Waits until nothing of it is at work any more. */
  async gone(): Promise<void> {
    await this.#gone;
  }

  /** Waits for real work, which takes no time on the clock. */
  idle(): Promise<void> {
    return this.#threads.idle();
  }

  async #end(close: () => void): Promise<void> {
    const stopped = this.#scheduler.stop();
    close();
    await stopped;
    await Promise.all([this.#scheduler.settled(), this.#desk.settled()]);
  }

  async #step(): Promise<void> {
    await Promise.resolve();
    if (this.#alive && this.#world.chance(this.#world.chances.death)) this.die();
    if (!this.#alive) throw new MillraceError("ABORTED", DEAD);
  }

  #mortalStore(): StateStore {
    const through =
      (name: string | symbol, method: (...args: readonly unknown[]) => Promise<unknown>) =>
      async (...args: readonly unknown[]): Promise<unknown> => {
        await this.#step();
        if (this.#world.isDiskFull && !READING.has(name)) throw diskFull();
        const result = await method(...args);
        await this.#step();
        return result;
      };
    return new Proxy(this.#world.store, {
      get: (store, name) => {
        const own: unknown = Reflect.get(store, name, store);
        return typeof own === "function" ? through(name, own.bind(store) as () => Promise<unknown>) : own;
      },
    });
  }

  readonly #startThreads = (spec: Parameters<HereThreads["start"]>[0]): TaskRunner => {
    const threads = this.#threads.start(spec);
    return {
      run: async (task) => {
        if (this.#world.chance(this.#world.chances.threadDeath)) throw threadDeath();
        return await threads.run(task);
      },
      close: () => threads.close(),
      destroy: () => threads.destroy(),
    };
  };
}

/** What SQLite's SQLITE_FULL becomes. */
function diskFull(): MillraceError {
  return new MillraceError("STATE_UNAVAILABLE", "state store: the disk is full", { fault: "fatal" });
}

function threadDeath(): MillraceError {
  return new MillraceError("THREAD_FAILED", "a thread ended", { details: { kind: "crash", recordIndex: null } });
}
