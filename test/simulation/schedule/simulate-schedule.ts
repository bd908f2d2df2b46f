/** A seeded night of schedules: processes die, stop, come back and compete; what is kept must come out right. */
import type { Clock } from "../../../src/core/clock.ts";
import { type SlotRow } from "../../../src/core/ports/schedule-store.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { ScheduledJob } from "../../../src/scheduling/job-schedule.ts";
import type { SlotRules } from "../../../src/scheduling/slot-rules.ts";
import { TimetableSlots } from "../../../src/scheduling/timetable-slots.ts";
import { triggerShape } from "../../../src/scheduling/options.ts";
import { rulesOf } from "../../../src/scheduling/slot-rules.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { type Chances, DaemonUnderTest, type Durable } from "./daemon-under-test.ts";

const NIGHT_MS = 40_000;
/** Less than a schedule of the night needs to come due again, more than others look for what was left. */
const QUIET_MS = 18_000;
const STEP_MS = 500;

/** What a night came to. */
export interface Night {
  readonly rules: SlotRules;
  readonly slots: readonly SlotRow[];
  /** The nominal times of the night by the timetable. */
  readonly nominal: readonly number[];
  readonly completed: ReadonlyMap<string, number>;
  readonly deaths: number;
}

/** Rules and chances by the seed. */
function planOf(seed: number): {
  readonly trigger: object;
  readonly chances: Chances;
  readonly processes: number;
  readonly comeback: number;
} {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly [T, ...T[]]): T => values[Math.floor(random() * values.length)] ?? values[0];
  return {
    trigger: {
      type: "cron",
      schedule: pick(["* * * * * *", "*/2 * * * * *", "*/5 * * * * *", "0,5,7 * * * * *", "32,36,38 * * * * *"]),
      catchUp: pick(["all", "all", "latest", "skip", { all: 3 }] as const),
      overlap: pick(["bufferAll", "bufferAll", "skip", "bufferOne", "allow", "cancelOther"]),
      onFailure: pick(["resume", "newRun"]),
      jitter: pick(["0s", "0s", "3s"]),
    },
    chances: {
      death: pick([0.002, 0.01, 0.03]),
      refusal: pick([0, 0, 0.02]),
      failure: pick([0, 0, 0.1]),
      runMs: pick([50, 800, 3_000]),
    },
    processes: pick([1, 1, 2, 3]),
    /** At each step of the night, that one more comes up. */
    comeback: pick([0.4, 0.4, 0.02]),
  };
}

/** Plays one night. */
export async function simulateSchedule(seed: number): Promise<Night> {
  const { trigger, chances, processes, comeback } = planOf(seed);
  const parsed = triggerShape.parse(trigger);
  if (parsed.type !== "cron") throw new TypeError("the plan is of another trigger");
  const rules = rulesOf(parsed);
  const random = seededRandom(seed + 1);
  const base = new FakeClock(Date.UTC(2026, 10, 22, 1));
  let offsetMs = 0;
  const clock: Clock = {
    now: () => base.now() + offsetMs,
    monotonic: () => base.monotonic(),
    timer: (delayMs, callback) => base.timer(delayMs, callback),
  };
  const durable: Durable = { store: openMemoryStore(), clock, random, leases: new Map(), completed: new Map() };
  let isQuiet = false;
  const now = (): Chances => (isQuiet ? { ...chances, death: 0, refusal: 0, failure: 0, runMs: 50 } : chances);
  const jobs = (): readonly ScheduledJob[] => [
    { job: "tick", version: "1", source: new TimetableSlots(parsed, rules.catchUpWindowMs), rules },
  ];
  const begin = (): DaemonUnderTest => {
    const daemon = new DaemonUnderTest(durable, now);
    void daemon.start(jobs());
    return daemon;
  };
  let daemons: DaemonUnderTest[] = Array.from({ length: processes }, begin);
  let deaths = 0;
  const startedAt = clock.now();
  while (base.monotonic() < NIGHT_MS) {
    await base.advance(STEP_MS);
    const dead = daemons.filter(({ alive }) => !alive).length;
    deaths += dead;
    daemons = daemons.filter(({ alive }) => alive);
    // Nobody may be up for a while; some come back at once.
    while (daemons.length < processes && random() < comeback) daemons.push(begin());
    if (random() < 0.01) offsetMs += Math.floor(random() * 8_000) - 3_000;
    const leaver = random() < 0.02 ? daemons.pop() : undefined;
    if (leaver !== undefined) void leaver.stop();
  }
  isQuiet = true;
  const endedAt = clock.now();
  if (!daemons.some(({ alive }) => alive)) daemons.push(begin());
  await base.advance(QUIET_MS);
  for (const daemon of daemons) void daemon.stop();
  await base.advance(5_000);
  const slots = await durable.store.listSlots({ job: "tick", limit: 10_000, oldestFirst: true });
  return { rules, slots, nominal: nominalOf(parsed, startedAt, endedAt), completed: durable.completed, deaths };
}

function nominalOf(
  trigger: ConstructorParameters<typeof TimetableSlots>[0],
  from: number,
  to: number,
): readonly number[] {
  return new TimetableSlots(trigger, Number.POSITIVE_INFINITY).due(String(from), to).slots.map(({ at }) => at);
}
