/** Random changes of schedules, near enough to what is kept that many of them hit. */
import * as fc from "fast-check";
import type { NewSlot, SlotEnd } from "../../src/core/ports/schedule-store.ts";
import type { ScheduleChange, ScheduleState } from "./schedule-model.ts";

/** When a change's turn comes. */
export interface Moment {
  /** What is kept by then. */
  readonly state: ScheduleState;
  /** Two jobs are enough to be mixed up. */
  readonly jobs: readonly [string, string];
  /** Whole milliseconds since 1970. */
  readonly now: number;
}

/** A change that somebody has in mind; what it compares with is read when its turn comes. */
export interface Intent {
  readonly kind: ScheduleChange["kind"];
  /** Which of the two jobs. */
  readonly job: 0 | 1;
  readonly slot: string;
  /** How far a compare is off: it misses where this is not 0. */
  readonly off: number;
  readonly alone: boolean;
  readonly cursor: string;
  readonly slots: readonly NewSlot[];
  readonly end: Pick<SlotEnd, "state" | "reason" | "run">;
}

/** The instants lie in another order than the names; two are the same. */
const INSTANTS: Readonly<Record<string, number>> = { s1: 3_000, s2: 1_000, s3: 2_000, s4: 2_000 };
/** Beyond 2^31, as every instant of today is. */
const TODAY = 1_795_000_000_000;

const slot = fc.constantFrom(...Object.keys(INSTANTS));
const reason = fc.constantFrom(null, "why", "na\u00EFve \u{1F600}");
const newSlot: fc.Arbitrary<NewSlot> = fc
  .record({
    slot,
    state: fc.constantFrom("due", "due", "missed"),
    trigger: fc.constantFrom("cron", "backfill"),
    reason,
  })
  .map((given) => ({ ...given, at: TODAY + (INSTANTS[given.slot] ?? 0) }));

/** Taking and ending come most often: the others are there for them. */
const kind = fc.oneof(
  { arbitrary: fc.constant("takeSlot" as const), weight: 5 },
  { arbitrary: fc.constant("endSlot" as const), weight: 4 },
  { arbitrary: fc.constant("planSlots" as const), weight: 3 },
  { arbitrary: fc.constant("addSlots" as const), weight: 2 },
  { arbitrary: fc.constantFrom("pauseSchedule" as const, "forgetSchedule" as const), weight: 2 },
);

/** A change of any kind. */
export const intent: fc.Arbitrary<Intent> = fc.record({
  kind,
  job: fc.constantFrom(0, 1),
  slot,
  off: fc.constantFrom(0, 0, 0, 0, 1, -1),
  alone: fc.boolean(),
  cursor: fc.constantFrom("1", "2", "3"),
  slots: fc.array(newSlot, { maxLength: 3 }),
  end: fc.record({
    state: fc.constantFrom("due", "succeeded", "failed", "skipped", "cancelled"),
    reason,
    run: fc.constantFrom(null, "run-1"),
  }),
});

/** The moment's change. */
export function changeOf({ kind, job: which, ...given }: Intent, { state, jobs, now }: Moment): ScheduleChange {
  const job = jobs[which];
  const { slot, off, alone, cursor, slots, end } = given;
  const read = state.slots.find((one) => one.job === job && one.slot === slot);
  const attempt = (read?.attempt ?? 0) + off;
  switch (kind) {
    case "planSlots": {
      const from = off === 0 ? (state.schedules.find((one) => one.job === job)?.cursor ?? null) : "elsewhere";
      return { kind, args: [job, from, { fingerprint: `f${cursor}`, cursor }, slots, now] };
    }
    case "addSlots":
      return { kind, args: [job, slots, now] };
    case "pauseSchedule":
      return { kind, args: [job, end.reason] };
    case "forgetSchedule":
      return { kind, args: [job] };
    case "takeSlot":
      return { kind, args: [{ job, slot, attempt, alone }] };
    case "endSlot":
      return { kind, args: [{ job, slot, attempt, ...end, now }] };
  }
}

/** The instant of a step of a history. */
export function instantOf(step: number): number {
  return TODAY + step;
}
