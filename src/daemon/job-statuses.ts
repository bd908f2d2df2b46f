/** How jobs stand: what is under way here, what is kept of them, what comes next. */
import type { Job } from "../config/job.ts";
import { OPEN_SLOTS, type ScheduleStore } from "../core/ports/schedule-store.ts";
import type { Scheduler } from "../scheduling/scheduler.ts";
import { slotText } from "../scheduling/slot-text.ts";
import type { RunBook } from "./run-book.ts";
import type { RunDesk } from "./run-desk.ts";
import type { JobStatus, RunObject } from "./runtime-api.ts";

/** What {@link JobStatuses} looks at. */
export interface JobStatusesOptions {
  readonly state: Pick<ScheduleStore, "findSchedule" | "listSlots">;
  readonly scheduler: Pick<Scheduler, "nextOf">;
  readonly desk: Pick<RunDesk, "active">;
  readonly book: Pick<RunBook, "list">;
}

/** Looks jobs up. */
export class JobStatuses {
  readonly #options: JobStatusesOptions;

  constructor(options: JobStatusesOptions) {
    this.#options = options;
  }

  /** @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT */
  of(jobs: readonly Job[]): Promise<readonly JobStatus[]> {
    return Promise.all(jobs.map((job) => this.#of(job)));
  }

  async #of(job: Job): Promise<JobStatus> {
    const { state, desk, book } = this.#options;
    const { name, source, sinks } = job;
    const [row, open, [last]] = await Promise.all([
      state.findSchedule(name),
      state.listSlots({ job: name, states: OPEN_SLOTS, limit: 1 }),
      book.list({ job: name, limit: 1 }),
    ]);
    const paused = row?.paused ?? null;
    const running = desk.active.flatMap((run) => (run.job.name === name && run.id !== undefined ? [run.id] : []));
    return {
      job: name,
      state: standingOf(paused, running.length > 0, open.length > 0, last),
      paused,
      trigger: job.trigger,
      next: paused === null ? this.#next(job) : null,
      running,
      last: last ?? null,
      source: source.type,
      sinks: Object.fromEntries(Object.entries(sinks).map(([sink, { type }]) => [sink, type])),
    };
  }

  #next({ name, trigger }: Job): string | null {
    if (trigger.type !== "cron" && trigger.type !== "interval") return null;
    const at = this.#options.scheduler.nextOf(name);
    return at === null ? null : slotText(at, trigger.timezone);
  }
}

function standingOf(
  paused: string | null,
  isRunning: boolean,
  isWaiting: boolean,
  last: RunObject | undefined,
): JobStatus["state"] {
  if (isRunning) return "running";
  if (paused !== null) return "paused";
  if (isWaiting) return "waiting";
  return last?.state === "failed" || last?.state === "rejected" ? "failed" : "idle";
}
