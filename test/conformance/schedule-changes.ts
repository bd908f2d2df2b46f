/** Random changes of schedules, near enough to what is kept that many of them hit. */
import * as fc from "fast-check";
import type { NewSlot, SlotEnd } from "../../src/core/ports/schedule-store.ts";
import type { ScheduleChange, ScheduleState } from "./schedule-model.ts";

/** A change whose compares are still to be filled in from what is kept when its turn comes. */
export type ChangeMaker = (state: ScheduleState, now: number) => ScheduleChange;

/** Two jobs are enough to be mixed up. */
export const JOBS: readonly string[] = ["a", "b"];
/** The instants lie in another order than the names; two are the same. */
const INSTANTS: Readonly<Record<string, number>> = { s1: 3_000, s2: 1_000, s3: 2_000, s4: 2_000 };
/** Past 2^31, as every instant of today is. */
const EPOCH = 1_795_000_000_000;

const job = fc.constantFrom(...JOBS);
const slot = fc.constantFrom(...Object.keys(INSTANTS));
const reason = fc.constantFrom(null, "why", "na\u00EFve \u{1F600}");
const newSlot: fc.Arbitrary<NewSlot> = fc
  .record({ slot, state: fc.constantFrom("due", "due", "missed"), trigger: fc.constantFrom("cron", "backfill"), reason })
  .map((given) => ({ ...given, at: EPOCH + (INSTANTS[given.slot] ?? 0) }));
const slots = fc.array(newSlot, { maxLength: 3 });
/** 0: as it is kept; one compare in five misses. */
const off = fc.constantFrom(0, 0, 0, 0, 1, -1).map((by) => (by === 1 ? 1 : by));
const ended: fc.Arbitrary<SlotEnd["state"]> = fc.constantFrom("due", "succeeded", "failed", "skipped", "cancelled");

const plan: fc.Arbitrary<ChangeMaker> = fc
  .tuple(job, slots, fc.constantFrom("1", "2", "3"), fc.nat(4))
  .map(([of, given, cursor, miss]) => (state, now) => {
    const kept = state.schedules.find((one) => one.job === of)?.cursor ?? null;
    const from = miss === 0 ? "elsewhere" : kept;
    return { kind: "planSlots", args: [of, from, { fingerprint: `f${cursor}`, cursor }, given, now] };
  });
const add: fc.Arbitrary<ChangeMaker> = fc
  .tuple(job, slots)
  .map(([of, given]) => (_, now) => ({ kind: "addSlots", args: [of, given, now] }));
const pause: fc.Arbitrary<ChangeMaker> = fc
  .tuple(job, reason)
  .map(([of, why]) => () => ({ kind: "pauseSchedule", args: [of, why] }));
const forget: fc.Arbitrary<ChangeMaker> = job.map((of) => () => ({ kind: "forgetSchedule", args: [of] }));
const take: fc.Arbitrary<ChangeMaker> = fc
  .tuple(job, slot, off, fc.boolean())
  .map(([of, name, by, alone]) => (state) => ({
    kind: "takeSlot",
    args: [{ job: of, slot: name, attempt: attemptOf(state, of, name) + by, alone }],
  }));
const end: fc.Arbitrary<ChangeMaker> = fc
  .tuple(job, slot, off, ended, reason, fc.constantFrom(null, "run-1"))
  .map(([of, name, by, as, why, run]) => (state, now) => ({
    kind: "endSlot",
    args: [{ job: of, slot: name, attempt: attemptOf(state, of, name) + by, state: as, reason: why, run, now }],
  }));

/** A change; taking and ending are what the others are for. */
export const change: fc.Arbitrary<ChangeMaker> = fc.oneof(
  { arbitrary: plan, weight: 3 },
  { arbitrary: add, weight: 2 },
  { arbitrary: pause, weight: 1 },
  { arbitrary: forget, weight: 1 },
  { arbitrary: take, weight: 5 },
  { arbitrary: end, weight: 4 },
);

/** The instant of a step. */
export function instantOf(step: number): number {
  return EPOCH + step;
}

function attemptOf(state: ScheduleState, of: string, name: string): number {
  return state.slots.find((one) => one.job === of && one.slot === name)?.attempt ?? 0;
}
