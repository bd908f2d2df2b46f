/** What each job's trigger means to the scheduler. */
import { isEndless, type Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { standsApart } from "../pipeline/run-identity.ts";
import { sourceFiles } from "../pipeline/source-files.ts";
import { AfterSlots } from "../scheduling/after-slots.ts";
import { OnceSlots } from "../scheduling/once-slots.ts";
import { rulesOf } from "../scheduling/slot-rules.ts";
import type { ScheduledJob } from "../scheduling/job-schedule.ts";
import type { SlotSource } from "../scheduling/slot-source.ts";
import type { SuccessBell } from "../scheduling/success-bell.ts";
import { TimetableSlots } from "../scheduling/timetable-slots.ts";
import { tailSlots, WatchSlots } from "../scheduling/watch/watch-slots.ts";

/** What slots come from beside a job's own words. */
export interface SlotWorld {
  readonly state: Pick<StateStore, "listRuns">;
  readonly clock: Clock;
  readonly bell: SuccessBell;
}

/** Whether a job is kept running instead of being started by slots. */
export function isKeptRunning({ source, trigger }: Job): boolean {
  return isEndless(source) && (trigger.type === "once" || trigger.type === "continuous");
}

/**
 * The schedules of those jobs that have one: not the ones that only a person starts, nor those that are kept running.
 *
 * @param versions texts that tell two versions of a job apart, by its name
 */
export function schedulesOf(
  jobs: readonly Job[],
  versions: ReadonlyMap<string, string>,
  world: SlotWorld,
): readonly ScheduledJob[] {
  return jobs.flatMap((job): readonly ScheduledJob[] => {
    const source = isKeptRunning(job) ? null : sourceOf(job, world);
    const { name, trigger } = job;
    return source === null ? [] : [{ job: name, version: versions.get(name) ?? "", source, rules: rulesOf(trigger) }];
  });
}

function sourceOf(job: Job, { state: runs, clock, bell }: SlotWorld): SlotSource | null {
  const { trigger } = job;
  switch (trigger.type) {
    case "cron":
    case "interval":
      return new TimetableSlots(trigger, rulesOf(trigger).catchUpWindowMs);
    case "once":
      return new OnceSlots();
    case "after":
      return new AfterSlots({ upstream: trigger.job, runs, counts: (run) => !standsApart(run), bell });
    case "watch": {
      const files = sourceFiles(job);
      return files === null ? null : new WatchSlots({ ...files, settleMs: trigger.settle, clock });
    }
    case "continuous": {
      const files = sourceFiles(job);
      return files === null ? null : tailSlots({ ...files, clock });
    }
    case "manual":
      return null;
  }
}
