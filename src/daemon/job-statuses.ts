/** How jobs stand: what is under way here, what is kept of them, what comes next. */
import type { Job } from "../config/job.ts";
import { OPEN_SLOTS, type ScheduleStore, type SlotRow } from "../core/ports/schedule-store.ts";
import type { NextSlots } from "./next-slots.ts";
import type { RunBook } from "./run-book.ts";
import type { RunDesk } from "./run-desk.ts";
import type { JobStatus, RunObject } from "./runtime-api.ts";

/** What {@link JobStatuses} looks at. */
export interface JobStatusesOptions {
  readonly state: Pick<ScheduleStore, "findSchedule" | "listSlots">;
  readonly nextSlots: Pick<NextSlots, "of">;
  readonly desk: Pick<RunDesk, "active">;
  readonly book: Pick<RunBook, "list">;
  /** Whether the last run of a job that is kept running has failed, also one that could not begin. */
  readonly keptFailed: (job: string) => boolean;
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
    const { state, desk, book, nextSlots, keptFailed } = this.#options;
    const { name, source, sinks } = job;
    const [row, open, [ended], [last]] = await Promise.all([
      state.findSchedule(name),
      state.listSlots({ job: name, states: OPEN_SLOTS, limit: 1 }),
      state.listSlots({ job: name, states: ["succeeded", "failed"], limit: 1 }),
      book.list({ job: name, limit: 1 }),
    ]);
    const paused = row?.paused ?? null;
    const running = desk.active.flatMap((run) => (run.job.name === name && run.id !== undefined ? [run.id] : []));
    return {
      job: name,
      state: standingOf({
        paused,
        isRunning: running.length > 0,
        isWaiting: open.length > 0,
        hasFailed: keptFailed(name) || failed(ended, last),
      }),
      paused,
      trigger: job.trigger,
      next: paused === null ? nextSlots.of(name) : null,
      running,
      last: last ?? null,
      source: source.type,
      sinks: Object.fromEntries(Object.entries(sinks).map(([sink, { type }]) => [sink, type])),
    };
  }
}

/** What is known of a job where it is said how it stands. */
interface Standing {
  readonly paused: string | null;
  readonly isRunning: boolean;
  readonly isWaiting: boolean;
  readonly hasFailed: boolean;
}

function standingOf({ paused, isRunning, isWaiting, hasFailed }: Standing): JobStatus["state"] {
  if (isRunning) return "running";
  if (paused !== null) return "paused";
  if (isWaiting) return "waiting";
  return hasFailed ? "failed" : "idle";
}

/** Of a slot whose run could not even begin no run is kept. */
function failed(ended: SlotRow | undefined, last: RunObject | undefined): boolean {
  if (last?.state === "failed" || last?.state === "rejected") return true;
  const since = last?.endedAt ?? null;
  return ended?.state === "failed" && (since === null || (ended.endedAt ?? 0) > Date.parse(since));
}
