/** The one slot of a job that runs once: it comes due when the job is planned first, and never again. */
import { eventSlot } from "./event-slot.ts";
import type { DueSlots, SlotSource } from "./slot-source.ts";

/** The cursor behind the slot. */
const GIVEN = "given";

/** `trigger: {type: once}`. Its cursor is the instant of the slot until that has been given. */
export class OnceSlots implements SlotSource {
  readonly trigger = "once";
  readonly fingerprint = "once";

  start(now: number): string {
    return String(now);
  }

  due(cursor: string): DueSlots {
    return cursor === GIVEN ? { slots: [], cursor } : { slots: [eventSlot(Number(cursor), null)], cursor: GIVEN };
  }

  next(cursor: string, now: number): number | null {
    return cursor === GIVEN ? null : now;
  }
}
