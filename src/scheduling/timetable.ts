/** When a trigger fires, as a pure function of time. */
import { cronTimetable } from "./cron/timetable.ts";
import { intervalTimetable } from "./interval/timetable.ts";
import type { CronTrigger, IntervalTrigger } from "./options.ts";

/** The slots of a schedule. Knows nothing of the present: what is due and what was missed is for others to say. */
export interface Timetable {
  /**
   * The first slot strictly after an instant, both in ms since 1970; null if there is none.
   *
   * @example
   * intervalTimetable({ everyMs: 60_000 }).after(60_000); // 120_000
   */
  after(instantMs: number): number | null;
  /** Text that tells two schedules apart: equal texts, equal slots. */
  readonly fingerprint: string;
}

/**
 * The timetable of a job's trigger.
 *
 * @throws MillraceError CONFIG_INVALID for a schedule that a job's shape refuses
 */
export function timetableOf(trigger: CronTrigger | IntervalTrigger): Timetable {
  return trigger.type === "cron" ? cronTimetable(trigger) : intervalTimetable({ everyMs: trigger.every });
}
