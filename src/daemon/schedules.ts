/** What each job's trigger means to the scheduler. */
import { isEndless, type Job } from "../config/job.ts";
import { OnceSlots } from "../scheduling/once-slots.ts";
import { rulesOf } from "../scheduling/slot-rules.ts";
import type { ScheduledJob } from "../scheduling/job-schedule.ts";
import type { SlotSource } from "../scheduling/slot-source.ts";
import { TimetableSlots } from "../scheduling/timetable-slots.ts";

/** Whether a job is kept running instead of being started by slots. */
export function isKeptRunning({ source, trigger }: Job): boolean {
  return isEndless(source) && (trigger.type === "once" || trigger.type === "continuous");
}

/** The schedules of those jobs that have one: not the ones that only a person starts, nor those that are kept running. */
export function schedulesOf(jobs: readonly Job[]): readonly ScheduledJob[] {
  return jobs.flatMap((job): readonly ScheduledJob[] => {
    const source = isKeptRunning(job) ? null : sourceOf(job);
    return source === null ? [] : [{ job: job.name, source, rules: rulesOf(job.trigger) }];
  });
}

function sourceOf(job: Job): SlotSource | null {
  const { trigger } = job;
  switch (trigger.type) {
    case "cron":
    case "interval":
      return new TimetableSlots(trigger, rulesOf(trigger).catchUpWindowMs);
    case "once":
      return new OnceSlots();
    default:
      return null;
  }
}
