/** The slots of a timetable: cron and interval. */
import type { CronTrigger, IntervalTrigger } from "./options.ts";
import type { DueSlot, DueSlots, SlotSource } from "./slot-source.ts";
import { slotText } from "./slot-text.ts";
import { type Timetable, timetableOf } from "./timetable.ts";

/** How much further back than it may be caught up with a slot is still written down as missed, milliseconds. */
const TOLD_MS = 60_000;

/** `trigger: {type: cron}` and `{type: interval}`. Its cursor is the instant up to which slots were given. */
export class TimetableSlots implements SlotSource {
  readonly trigger: string;
  readonly fingerprint: string;
  readonly #table: Timetable;
  readonly #zone: string;
  readonly #windowMs: number;

  /** @param trigger of a job @param windowMs slots further back are not caught up with */
  constructor(trigger: CronTrigger | IntervalTrigger, windowMs: number) {
    this.trigger = trigger.type;
    this.#table = timetableOf(trigger);
    this.#zone = trigger.timezone;
    this.#windowMs = windowMs;
    this.fingerprint = this.#table.fingerprint;
  }

  start(now: number): string {
    return String(now);
  }

  /** After an absence beyond the window the slots before it are not listed one by one: there may be millions. */
  due(cursor: string, now: number): DueSlots {
    const slots: DueSlot[] = [];
    let at = Math.max(Number(cursor), now - this.#windowMs - TOLD_MS);
    for (;;) {
      const next = this.#table.after(at);
      if (next === null || next > now) break;
      slots.push({ slot: slotText(next, this.#zone), at: next });
      at = next;
    }
    return { slots, cursor: slots.length === 0 ? cursor : String(at) };
  }

  next(cursor: string): number | null {
    return this.#table.after(Number(cursor));
  }
}
