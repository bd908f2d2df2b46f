/** The next nominal times of the jobs that have a timetable. */
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import { slotText } from "../scheduling/slot-text.ts";
import { type Timetable, timetableOf } from "../scheduling/timetable.ts";

interface Planned {
  readonly table: Timetable;
  readonly timezone: string;
}

/** Says when jobs come due by their schedules, whatever holds them up. */
export class NextSlots {
  readonly #clock: Clock;
  #planned: ReadonlyMap<string, Planned> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** These jobs and no others from now on. */
  hold(jobs: readonly Job[]): void {
    this.#planned = new Map(
      jobs.flatMap(({ name, trigger }) =>
        trigger.type === "cron" || trigger.type === "interval"
          ? [[name, { table: timetableOf(trigger), timezone: trigger.timezone }] as const]
          : [],
      ),
    );
  }

  /** As slots are spelled; null: there is none to be known. */
  of(job: string): string | null {
    const planned = this.#planned.get(job);
    const at = planned?.table.after(this.#clock.now()) ?? null;
    return planned === undefined || at === null ? null : slotText(at, planned.timezone);
  }

  /** Milliseconds since 1970 by job. */
  all(): ReadonlyMap<string, number> {
    const now = this.#clock.now();
    return new Map(
      [...this.#planned].flatMap(([job, { table }]) => {
        const at = table.after(now);
        return at === null ? [] : [[job, at] as const];
      }),
    );
  }
}
