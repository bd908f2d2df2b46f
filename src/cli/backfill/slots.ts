/** The slots that a backfill is about. */
import type { Job } from "../../config/job.ts";
import { formatCount } from "../../observability/figures.ts";
import { slotText } from "../../scheduling/slot-text.ts";
import { timetableOf } from "../../scheduling/timetable.ts";
import { parseInstant } from "../instant.ts";
import { usageError } from "../usage-error.ts";

/** More of them are rather a mistake, and would run for days. */
const MOST_SLOTS = 10_000;

/** From when to when. */
export interface RangeFlags {
  readonly from: string;
  readonly to: string;
}

/** A part of a job's timetable. */
export interface SlotRange {
  /** Milliseconds since 1970; the first instant that may be a slot. */
  readonly from: number;
  /** The first that may not. */
  readonly to: number;
  /** As the scheduler spells them, oldest first. */
  readonly slots: readonly string[];
}

/**
 * The slots of a job's timetable from one time on and before another; both are local where they have no offset.
 *
 * @throws MillraceError USAGE for a job that has no timetable, and for times or slots that cannot be meant
 */
export function slotRange({ name, trigger }: Pick<Job, "name" | "trigger">, flags: RangeFlags): SlotRange {
  if (trigger.type !== "cron" && trigger.type !== "interval") {
    throw usageError(
      `backfill: ${name} has trigger ${trigger.type}, which has no timetable to take slots from; give it cron or interval, ` +
        "or run it for one slot with `millrace run --slot`",
    );
  }
  const { timezone } = trigger;
  const from = parseInstant("--from", flags.from, timezone);
  const to = parseInstant("--to", flags.to, timezone);
  if (from >= to) {
    throw usageError(
      `--from ${flags.from} has to be before --to ${flags.to}: the range ends before the second of them`,
    );
  }
  const table = timetableOf(trigger);
  const slots: string[] = [];
  for (let at = table.after(from - 1); at !== null && at < to; at = table.after(at)) {
    if (slots.length === MOST_SLOTS) throw tooMany(slotText(at, timezone));
    slots.push(slotText(at, timezone));
  }
  return { from, to, slots };
}

function tooMany(next: string): Error {
  return usageError(
    `the range has more than ${formatCount(MOST_SLOTS)} slots; take it in parts, the first of them with --to ${next}`,
  );
}
