/** Schedules and slots as the databases keep them: both have the same columns. */
import {
  isOpenSlot,
  type NewSlot,
  type ScheduleRow,
  type SlotRow,
  type SlotState,
} from "../core/ports/schedule-store.ts";

/** A slot as it begins. @param now milliseconds since 1970 */
export function newSlotRow(job: string, { slot, at, state, trigger, reason }: NewSlot, now: number): SlotRow {
  const endedAt = isOpenSlot({ state }) ? null : now;
  return { job, slot, at, state, trigger, reason, run: null, attempt: 0, plannedAt: now, endedAt };
}

/** Reads a row of `slots` back. */
export function toSlot(row: Readonly<Record<string, unknown>>): SlotRow {
  const endedAt = row["ended_at"];
  return {
    job: String(row["job"]),
    slot: String(row["slot"]),
    at: Number(row["at"]),
    state: String(row["state"]) as SlotState,
    trigger: String(row["trigger"]),
    reason: textOrNull(row["reason"]),
    run: textOrNull(row["run"]),
    attempt: Number(row["attempt"]),
    plannedAt: Number(row["planned_at"]),
    endedAt: endedAt === null ? null : Number(endedAt),
  };
}

/** Reads a row of `schedules` back. */
export function toSchedule(row: Readonly<Record<string, unknown>>): ScheduleRow {
  return {
    job: String(row["job"]),
    fingerprint: textOrNull(row["fingerprint"]),
    cursor: textOrNull(row["cursor"]),
    paused: textOrNull(row["paused"]),
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
