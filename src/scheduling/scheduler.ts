/** The schedules of all jobs of a process. */
import { MillraceError } from "../core/errors.ts";
import { OPEN_SLOTS } from "../core/ports/schedule-store.ts";
import { JobSchedule, type ScheduledJob, type ScheduleWorld } from "./job-schedule.ts";
import type { Ticker } from "./ticker.ts";

/** What others have left or let go on is looked for so often, milliseconds. */
const RECONCILE_MS = 10_000;
/** Open slots that are looked at in one go. */
const LOOKED_AT = 1_000;

/**
 * Starts the runs of schedules. Several processes may do so on one store: each slot is run once.
 *
 * @example
 * const scheduler = new Scheduler({ store, launcher, clock, emit, ticker: clockTicker(clock) });
 * await scheduler.set([{ job: "orders", version, source, rules }]);
 * scheduler.start();
 */
export class Scheduler {
  readonly #world: ScheduleWorld;
  readonly #ticker: Ticker;
  readonly #schedules = new Map<string, JobSchedule>();
  /** Those of jobs that were removed or changed, until their runs have ended. */
  readonly #leaving = new Set<Promise<void>>();
  #ticks: Disposable | undefined;
  #reconcileAt = 0;
  #reconciling: Promise<void> | undefined;

  constructor({ ticker, ...world }: ScheduleWorld & { readonly ticker: Ticker }) {
    this.#ticker = ticker;
    this.#world = world;
  }

  /** These and no others from now on; what is under way goes on. */
  async set(jobs: readonly ScheduledJob[]): Promise<void> {
    const stay = new Set(jobs.filter((job) => this.#schedules.get(job.job)?.is(job) === true).map(({ job }) => job));
    const leaving = [...this.#schedules].filter(([job]) => !stay.has(job));
    await Promise.all(leaving.map(([, schedule]) => schedule.stop()));
    for (const [job, schedule] of leaving) this.#leave(job, schedule);
    for (const job of jobs) if (!stay.has(job.job)) this.#schedules.set(job.job, new JobSchedule(job, this.#world));
    if (this.#ticks !== undefined) this.#tick();
  }

  start(): void {
    this.#ticks ??= this.#ticker(() => this.#tick());
    this.#tick();
  }

  /** Looks at a job now: somebody has changed something about it. */
  async look(job: string): Promise<void> {
    await this.#schedules.get(job)?.look();
  }

  /** Starts nothing any more. */
  async stop(): Promise<void> {
    this.#ticks?.[Symbol.dispose]();
    this.#ticks = undefined;
    await Promise.all([this.#reconciling, ...[...this.#schedules.values()].map((schedule) => schedule.stop())]);
  }

  /** Waits until all that was started here has ended and is written down. */
  async settled(): Promise<void> {
    await Promise.all([...this.#leaving, ...[...this.#schedules.values()].map((schedule) => schedule.settled())]);
  }

  /** What it has under way ends as it began; the job's next schedule waits for that. */
  #leave(job: string, schedule: JobSchedule): void {
    this.#schedules.delete(job);
    const leaving = schedule.settled().finally(() => {
      this.#leaving.delete(leaving);
      void this.look(job);
    });
    this.#leaving.add(leaving);
  }

  #tick(): void {
    const now = this.#world.clock.now();
    for (const schedule of this.#schedules.values()) if (schedule.isDue(now)) void schedule.look();
    // A clock that was set back must not stop this.
    if (now < this.#reconcileAt && now > this.#reconcileAt - RECONCILE_MS) return;
    this.#reconcileAt = now + RECONCILE_MS;
    this.#reconciling ??= this.#reconcile().finally(() => {
      this.#reconciling = undefined;
    });
  }

  async #reconcile(): Promise<void> {
    const { store, emit, clock } = this.#world;
    try {
      const open = await store.listSlots({ states: OPEN_SLOTS, oldestFirst: true, limit: LOOKED_AT });
      const jobs = new Set(open.filter((slot) => !this.#isRunning(slot)).map(({ job }) => job));
      for (const [job, schedule] of this.#schedules) if (schedule.paused || jobs.has(job)) void schedule.look();
    } catch (thrown) {
      const { code, message } = MillraceError.from(thrown);
      emit({ kind: "trouble", at: clock.now(), job: null, code, message });
    }
  }

  #isRunning({ job, slot }: { readonly job: string; readonly slot: string }): boolean {
    return this.#schedules.get(job)?.isRunning(slot) ?? false;
  }
}
