/** The schedules and slots of the state store in memory. */
import { isOpenSlot, type ScheduleRow, type SlotRow } from "../core/ports/schedule-store.ts";
import type { Arguments, Outcome } from "./operations.ts";
import { newSlotRow } from "./slot-row.ts";

/** Schedules by job, slots by job and slot. */
export class MemorySchedules {
  readonly #schedules = new Map<string, ScheduleRow>();
  readonly #slots = new Map<string, Map<string, SlotRow>>();

  find(job: string): ScheduleRow | undefined {
    return this.#schedules.get(job);
  }

  plan(...[job, from, { fingerprint, cursor }, slots, now]: Arguments<"planSlots">): boolean {
    const kept = this.#schedules.get(job);
    if ((kept?.cursor ?? null) !== from) return false;
    this.#schedules.set(job, { job, fingerprint, cursor, paused: kept?.paused ?? null });
    for (const slot of slots) if (this.#slot(job, slot.slot) === undefined) this.#put(newSlotRow(job, slot, now));
    return true;
  }

  add(...[job, slots, now]: Arguments<"addSlots">): void {
    for (const slot of slots) {
      const kept = this.#slot(job, slot.slot);
      if (kept !== undefined && (isOpenSlot(kept) || kept.state === "succeeded")) continue;
      const { at, attempt, run } = kept ?? { at: slot.at, attempt: 0, run: null };
      this.#put({ ...newSlotRow(job, { ...slot, state: "due" }, now), at, attempt, run });
    }
  }

  pause(...[job, paused]: Arguments<"pauseSchedule">): void {
    const kept = this.#schedules.get(job);
    if (kept === undefined && paused === null) return;
    this.#schedules.set(job, { job, fingerprint: null, cursor: null, ...kept, paused });
  }

  forget(job: string): void {
    const paused = this.#schedules.get(job)?.paused ?? null;
    for (const { slot, state } of this.#ofJob(job)) if (state !== "succeeded") this.#slots.get(job)?.delete(slot);
    this.#schedules.delete(job);
    this.pause(job, paused);
  }

  list(
    ...[{ job, states, before = Infinity, oldestFirst = false, limit }]: Arguments<"listSlots">
  ): Outcome<"listSlots"> {
    const slots = job === undefined ? [...this.#slots.keys()].flatMap((one) => this.#ofJob(one)) : this.#ofJob(job);
    const sorted = slots.filter(({ state, at }) => at < before && (states?.includes(state) ?? true)).toSorted(byTime);
    return (oldestFirst ? sorted.reverse() : sorted).slice(0, limit);
  }

  take(...[{ job, slot, attempt, alone }]: Arguments<"takeSlot">): boolean {
    const kept = this.#open(job, slot, attempt);
    if (kept === undefined) return false;
    if (alone && this.#ofJob(job).some((other) => other.slot !== slot && other.state === "started")) return false;
    this.#put({ ...kept, state: "started", attempt: attempt + 1 });
    return true;
  }

  end(...[{ job, slot, attempt, state, reason, run, now }]: Arguments<"endSlot">): boolean {
    const kept = this.#open(job, slot, attempt);
    if (kept === undefined) return false;
    this.#put({ ...kept, state, reason, run, endedAt: isOpenSlot({ state }) ? null : now });
    return true;
  }

  /** @param before milliseconds since 1970 @returns how many went */
  prune(job: string, before: number, limit: number): number {
    const [, ...others] = this.#ofJob(job).toSorted(byTime);
    const old = others
      .filter(({ endedAt }) => (endedAt ?? Infinity) < before)
      .toSorted((a, b) => Number(a.endedAt) - Number(b.endedAt))
      .slice(0, limit);
    for (const { slot } of old) this.#slots.get(job)?.delete(slot);
    return old.length;
  }

  #open(job: string, slot: string, attempt: number): SlotRow | undefined {
    const kept = this.#slot(job, slot);
    return kept?.attempt === attempt && isOpenSlot(kept) ? kept : undefined;
  }

  #ofJob(job: string): readonly SlotRow[] {
    return [...(this.#slots.get(job)?.values() ?? [])];
  }

  #slot(job: string, slot: string): SlotRow | undefined {
    return this.#slots.get(job)?.get(slot);
  }

  #put(row: SlotRow): void {
    const slots = this.#slots.get(row.job) ?? new Map<string, SlotRow>();
    slots.set(row.slot, row);
    this.#slots.set(row.job, slots);
  }
}

/** Newest first; those of one instant by job and slot. */
function byTime(a: SlotRow, b: SlotRow): number {
  if (a.at !== b.at) return b.at - a.at;
  if (a.job !== b.job) return a.job < b.job ? -1 : 1;
  return a.slot < b.slot ? -1 : 1;
}
