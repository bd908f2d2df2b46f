/** What a store of schedules is to do, as plainly as it can be said: lists that are searched from end to end. */
import type {
  NewSlot,
  ScheduleRow,
  ScheduleStore,
  SlotEnd,
  SlotRow,
  SlotTaking,
} from "../../src/core/ports/schedule-store.ts";

/** All that is kept, at one moment. */
export interface ScheduleState {
  readonly schedules: readonly ScheduleRow[];
  readonly slots: readonly SlotRow[];
}

/** An operation that changes something, with all that it is given. */
export type ScheduleChange =
  | { readonly kind: "planSlots"; readonly args: Parameters<ScheduleStore["planSlots"]> }
  | { readonly kind: "addSlots"; readonly args: Parameters<ScheduleStore["addSlots"]> }
  | { readonly kind: "pauseSchedule"; readonly args: Parameters<ScheduleStore["pauseSchedule"]> }
  | { readonly kind: "forgetSchedule"; readonly args: Parameters<ScheduleStore["forgetSchedule"]> }
  | { readonly kind: "takeSlot"; readonly args: Parameters<ScheduleStore["takeSlot"]> }
  | { readonly kind: "endSlot"; readonly args: Parameters<ScheduleStore["endSlot"]> };

/** What an operation leaves behind, and answers; undefined where it answers nothing. */
export interface Changed {
  readonly state: ScheduleState;
  readonly answer: boolean | undefined;
}

/** Nothing is kept. */
export const EMPTY: ScheduleState = { schedules: [], slots: [] };

/** Carries a change out on what is kept. */
export function changed(state: ScheduleState, { kind, args }: ScheduleChange): Changed {
  switch (kind) {
    case "planSlots":
      return plan(state, ...args);
    case "addSlots":
      return { state: add(state, ...args), answer: undefined };
    case "pauseSchedule":
      return { state: pause(state, ...args), answer: undefined };
    case "forgetSchedule":
      return { state: forget(state, ...args), answer: undefined };
    case "takeSlot":
      return take(state, ...args);
    case "endSlot":
      return end(state, ...args);
  }
}

/** Carries a change out on a store. */
export async function ask(store: ScheduleStore, { kind, args }: ScheduleChange): Promise<boolean | undefined> {
  switch (kind) {
    case "planSlots":
      return store.planSlots(...args);
    case "takeSlot":
      return store.takeSlot(...args);
    case "endSlot":
      return store.endSlot(...args);
    case "addSlots":
      await store.addSlots(...args);
      return undefined;
    case "pauseSchedule":
      await store.pauseSchedule(...args);
      return undefined;
    case "forgetSchedule":
      await store.forgetSchedule(...args);
      return undefined;
  }
}

/** The slots of a job as they are listed: newest first, those of one instant by their names. */
export function listed({ slots }: ScheduleState, job: string): readonly SlotRow[] {
  const own = slots.filter((one) => one.job === job);
  return own.toSorted((a, b) => b.at - a.at || (a.slot < b.slot ? -1 : 1));
}

function isOver({ state }: SlotRow): boolean {
  return state !== "due" && state !== "started";
}

function plan(state: ScheduleState, ...[job, from, to, slots, now]: Parameters<ScheduleStore["planSlots"]>): Changed {
  const kept = state.schedules.find((one) => one.job === job);
  if ((kept?.cursor ?? null) !== from) return { state, answer: false };
  const schedule: ScheduleRow = { job, fingerprint: to.fingerprint, cursor: to.cursor, paused: kept?.paused ?? null };
  const others = state.schedules.filter((one) => one.job !== job);
  return {
    state: {
      schedules: [...others, schedule],
      slots: slots.reduce(
        (before, given) =>
          before.some((one) => one.job === job && one.slot === given.slot)
            ? before
            : [...before, fresh(job, given, now)],
        state.slots,
      ),
    },
    answer: true,
  };
}

function fresh(job: string, { slot, at, state, trigger, reason }: NewSlot, now: number): SlotRow {
  const row = { job, slot, at, state, trigger, reason, run: null, attempt: 0, plannedAt: now, endedAt: null };
  return state === "missed" ? { ...row, endedAt: now } : row;
}

function add(state: ScheduleState, ...[job, slots, now]: Parameters<ScheduleStore["addSlots"]>): ScheduleState {
  return slots.reduce((before, given) => {
    const kept = before.slots.find((one) => one.job === job && one.slot === given.slot);
    const due = fresh(job, { ...given, state: "due" }, now);
    if (kept === undefined) return { ...before, slots: [...before.slots, due] };
    if (!isOver(kept) || kept.state === "succeeded") return before;
    const again = { ...due, at: kept.at, attempt: kept.attempt, run: kept.run };
    return { ...before, slots: [...before.slots.filter((one) => one !== kept), again] };
  }, state);
}

function pause(state: ScheduleState, job: string, reason: string | null): ScheduleState {
  const kept = state.schedules.find((one) => one.job === job);
  if (kept === undefined && reason === null) return state;
  const row = { ...(kept ?? { job, fingerprint: null, cursor: null }), paused: reason };
  return { ...state, schedules: [...state.schedules.filter((one) => one !== kept), row] };
}

function forget(state: ScheduleState, job: string): ScheduleState {
  const schedules = state.schedules.flatMap((one) => {
    if (one.job !== job) return [one];
    return one.paused === null ? [] : [{ ...one, fingerprint: null, cursor: null }];
  });
  return { schedules, slots: state.slots.filter((one) => one.job !== job || one.state === "succeeded") };
}

function take(state: ScheduleState, { job, slot, attempt, alone }: SlotTaking): Changed {
  const others = state.slots.filter((one) => one.job === job && one.slot !== slot && one.state === "started");
  if (alone && others.length > 0) return { state, answer: false };
  return replace(state, { job, slot, attempt }, (kept) => ({ ...kept, state: "started", attempt: attempt + 1 }));
}

function end(state: ScheduleState, { now, ...given }: SlotEnd): Changed {
  const endedAt = given.state === "due" ? null : now;
  const { state: as, reason, run } = given;
  return replace(state, given, (kept) => ({ ...kept, state: as, reason, run, endedAt }));
}

/** Puts another row in the place of the one that is meant, if it is as it was read and not over. */
function replace(
  state: ScheduleState,
  { job, slot, attempt }: Pick<SlotRow, "job" | "slot" | "attempt">,
  by: (kept: SlotRow) => SlotRow,
): Changed {
  const kept = state.slots.find((one) => one.job === job && one.slot === slot && one.attempt === attempt);
  if (kept === undefined || isOver(kept)) return { state, answer: false };
  return { state: { ...state, slots: state.slots.map((one) => (one === kept ? by(kept) : one)) }, answer: true };
}
