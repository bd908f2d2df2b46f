/** A seeded night of whole daemons: the night in which Berlin's summer time ends, with everything that goes wrong. */
import type { SlotRow } from "../../../src/core/ports/schedule-store.ts";
import type { RunRow } from "../../../src/core/ports/state-store.ts";
import { rulesOf } from "../../../src/scheduling/slot-rules.ts";
import { TimetableSlots } from "../../../src/scheduling/timetable-slots.ts";
import { nightJobs, type NightRules } from "./night-jobs.ts";
import { NightProcess } from "./night-process.ts";
import { CALM, type NightChances, NightWorld } from "./night-world.ts";

/** 01:45 in Berlin; at 01:00 UTC 03:00 becomes 02:00. */
const DUSK_MS = Date.UTC(2026, 9, 24, 23, 45);
const MINUTE_MS = 60_000;
const NIGHT_MS = 150 * MINUTE_MS;
/** Long enough for leases to run out and for all that was left behind. */
const DAWN_MS = 45 * MINUTE_MS;
/** Between two looks of the night at its processes. */
const STEP_MS = 10_000;

/** What is left of a night. */
export interface Night {
  readonly rules: NightRules;
  /** By job, oldest first. */
  readonly slots: ReadonlyMap<string, readonly SlotRow[]>;
  /** The instants of each job's timetable up to the end of the night. */
  readonly nominal: ReadonlyMap<string, readonly number[]>;
  readonly runs: readonly RunRow[];
  /** What a run has written. */
  readonly recordsOf: (run: string) => readonly unknown[];
  /** How many processes there were. */
  readonly processes: number;
  /** Timers that are still set when every process has gone. */
  readonly timersLeft: number;
  /** How often each thing was told. */
  readonly told: ReadonlyMap<string, number>;
}

interface NightPlan {
  readonly rules: NightRules;
  readonly chances: NightChances;
  readonly processes: number;
}

function planOf(world: Pick<NightWorld, "random">): NightPlan {
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(world.random() * values.length)] ?? values[0];
  return {
    rules: {
      catchUp: pick(["all", "all", "latest", "skip"]),
      overlap: pick(["bufferAll", "bufferAll", "skip", "bufferOne", "allow", "cancelOther"]),
      onFailure: pick(["resume", "newRun"]),
      dstFold: pick(["first", "second", "both"]),
      jitter: pick(["0s", "2m"]),
    },
    chances: {
      death: pick([0.001, 0.005, 0.02]),
      threadDeath: pick([0, 0.1]),
      commitMs: pick([1_000, 60_000, 5 * MINUTE_MS]),
    },
    processes: pick([1, 1, 2]),
  };
}

/** Plays one night. */
export async function simulateNight(seed: number): Promise<Night> {
  const world = new NightWorld(seed, DUSK_MS, CALM);
  const { rules, chances, processes } = planOf(world);
  world.chances = chances;
  const told = new Map<string, number>();
  const crew = new Crew(
    world,
    () => new NightProcess(world, rules, ({ kind }) => told.set(kind, (told.get(kind) ?? 0) + 1)),
  );
  crew.fill(processes, 1);
  while (world.base.monotonic() < NIGHT_MS) {
    await crew.pass(STEP_MS);
    crew.fill(processes, 0.1);
    mishap(world, crew);
  }
  const endMs = world.clock.now();
  world.chances = CALM;
  world.clearDisk();
  crew.fill(1, 1);
  await crew.pass(DAWN_MS);
  await crew.leave();
  const runs = await world.store.listRuns({ limit: 100_000 });
  const jobs = nightJobs(rules, world, async () => {});
  const slots = jobs.map(async ({ name: job }) => {
    const rows = await world.store.listSlots({ job, limit: 10_000, oldestFirst: true });
    return [job, rows] as const;
  });
  return {
    rules,
    slots: new Map(await Promise.all(slots)),
    nominal: new Map(jobs.map(({ name, trigger }) => [name, nominalOf(trigger, endMs)])),
    runs,
    recordsOf: (run) => world.tableOf(run).records,
    processes: crew.size,
    timersLeft: world.base.pendingTimers,
    told,
  };
}

function mishap(world: NightWorld, crew: Crew): void {
  if (world.chance(0.005)) world.setClock(Math.floor((world.random() - 0.5) * 40 * MINUTE_MS));
  if (world.chance(0.005)) world.fillDisk(world.random() * 5 * MINUTE_MS);
  if (world.chance(0.005)) crew.kill();
  if (world.chance(0.005)) crew.stop();
}

function nominalOf(trigger: ReturnType<typeof nightJobs>[number]["trigger"], endMs: number): readonly number[] {
  if (trigger.type !== "cron" && trigger.type !== "interval") return [];
  const table = new TimetableSlots(trigger, rulesOf(trigger).catchUpWindowMs);
  return table.due(String(DUSK_MS - NIGHT_MS), endMs).slots.map(({ at }) => at);
}

/** The processes that are up. */
class Crew {
  readonly #world: NightWorld;
  readonly #make: () => NightProcess;
  readonly #all: NightProcess[] = [];

  constructor(world: NightWorld, make: () => NightProcess) {
    this.#world = world;
    this.#make = make;
  }

  get size(): number {
    return this.#all.length;
  }

  /** @param chance that one more comes up */
  fill(processes: number, chance: number): void {
    while (this.#alive().length < processes && this.#world.chance(chance)) {
      const process = this.#make();
      this.#all.push(process);
      void process.start();
    }
  }

  kill(): void {
    this.#alive()[0]?.die();
  }

  stop(): void {
    void this.#alive()[0]?.stop();
  }

  async pass(forMs: number): Promise<void> {
    const until = this.#world.base.monotonic() + forMs;
    while (this.#world.base.monotonic() < until) {
      await Promise.all(this.#all.map((process) => process.idle()));
      await this.#world.base.advance(Math.min(1_000, until - this.#world.base.monotonic()));
    }
  }

  /** All stop in order, and the night waits for those that died, too. */
  async leave(): Promise<void> {
    for (const process of this.#alive()) void process.stop();
    await this.pass(MINUTE_MS);
    await Promise.all(this.#all.map((process) => process.gone()));
  }

  #alive(): readonly NightProcess[] {
    return this.#all.filter(({ alive }) => alive);
  }
}
