/** What starts a job, in a few words. */
import type { Job } from "../config/job.ts";
import { formatDuration } from "../core/quantity.ts";
import { slotText } from "../scheduling/slot-text.ts";
import { timetableOf } from "../scheduling/timetable.ts";

/**
 * The trigger with the time when it fires next; null for one that is started by hand alone.
 *
 * @param now milliseconds since 1970
 * @example
 * describeTrigger(job.trigger, Date.now()); // 'cron "0 2 * * *" Europe/Berlin, next 2026-11-23T02:00:00+01:00'
 */
export function describeTrigger(trigger: Job["trigger"], now: number): string | null {
  switch (trigger.type) {
    case "once":
      return null;
    case "cron":
      return `cron "${trigger.schedule}" ${trigger.timezone}${nextFire(trigger, now)}`;
    case "interval":
      return `interval of ${formatDuration(trigger.every)}${nextFire(trigger, now)}`;
    case "watch":
      return `watch, for files left alone for ${formatDuration(trigger.settle)}`;
    case "after":
      return `after each success of ${trigger.job}`;
    default:
      return trigger.type;
  }
}

type Scheduled = Extract<Job["trigger"], { readonly type: "cron" | "interval" }>;

function nextFire(trigger: Scheduled, now: number): string {
  // A schedule that waits for a parameter has no times yet.
  if (trigger.type === "cron" && trigger.schedule.includes("${")) return "";
  const next = timetableOf(trigger).after(now);
  return next === null ? ", never" : `, next ${slotText(next, trigger.timezone)}`;
}
