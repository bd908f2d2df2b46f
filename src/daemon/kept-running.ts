/** A job that never ends by itself: it runs as long as the runtime does, and again when it has failed. */
import type { Job } from "../config/job.ts";
import { type Clock, sleep } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { ScheduleStore } from "../core/ports/schedule-store.ts";
import type { Random } from "../core/random.ts";
import { Backoff } from "../runtime/backoff.ts";
import type { ActiveRun, RunEnd } from "./active-run.ts";
import type { RunDesk } from "./run-desk.ts";

/** Pauses between two runs; a run that went well for as long as the longest begins with the first again. Milliseconds. */
const PAUSES = { initialDelayMs: 1_000, maxDelayMs: 60_000, multiplier: 2, jitter: "full" } as const;
/** Whether somebody has paused it is asked so often, milliseconds. */
const ASK_MS = 10_000;

/** What {@link KeptRunning} needs. */
export interface KeptRunningOptions {
  readonly job: Job;
  readonly desk: Pick<RunDesk, "begin">;
  readonly store: Pick<ScheduleStore, "findSchedule">;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: RuntimeObserver;
}

/** Keeps one job running. */
export class KeptRunning {
  readonly #options: KeptRunningOptions;
  readonly #stopped = new AbortController();
  readonly #backoff: Backoff;
  #asked = new AbortController();
  #run: ActiveRun | undefined;
  #ended: Promise<void> | undefined;
  /** The last run failed for a reason that only a person can take away. */
  #failed = false;

  constructor(options: KeptRunningOptions) {
    this.#options = options;
    this.#backoff = new Backoff(PAUSES, options.random);
  }

  get failed(): boolean {
    return this.#failed;
  }

  start(): void {
    this.#ended ??= this.#keep();
  }

  /** Looks at once whether it is paused, and starts or stops accordingly. */
  look(): void {
    this.#asked.abort();
  }

  /** Starts nothing any more; what is under way is for the desk to end. */
  async stop(why?: string): Promise<void> {
    this.#stopped.abort();
    if (why !== undefined) this.#run?.stop("stopping", why);
    await this.#ended;
  }

  async #keep(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      if (await this.#isPaused()) await this.#wait(ASK_MS);
      else await this.#runOnce();
    }
  }

  async #runOnce(): Promise<void> {
    const { job, desk, clock, emit } = this.#options;
    const begun = clock.monotonic();
    try {
      const run = desk.begin(job, { trigger: "continuous" });
      this.#run = run;
      const watching = this.#watchPause(run);
      const end = await run.ended;
      this.#run = undefined;
      await watching;
      // One that was told to end before it had begun has not failed.
      this.#failed = run.stopped === undefined && isFailure(end);
      if (this.#failed && "error" in end) {
        const { code, message } = end.error;
        emit({ kind: "start-failed", at: clock.now(), job: job.name, code, message });
      }
    } catch {
      // The desk is closed: the runtime stops.
      this.#stopped.abort();
      return;
    }
    if (clock.monotonic() - begun > PAUSES.maxDelayMs) this.#backoff.reset();
    await this.#wait(this.#backoff.next());
  }

  /** Ends a run that somebody pauses. */
  async #watchPause(run: ActiveRun): Promise<void> {
    let isOver = false;
    const over = run.ended.then(() => {
      isOver = true;
    });
    while (!isOver) {
      await Promise.race([over, this.#wait(ASK_MS)]);
      if (!isOver && (await this.#isPaused())) run.stop("stopping", "the job was paused");
      if (this.#stopped.signal.aborted) await over;
    }
  }

  async #isPaused(): Promise<boolean> {
    const { store, job, clock, emit } = this.#options;
    try {
      const row = await store.findSchedule(job.name);
      return row !== undefined && row.paused !== null;
    } catch (thrown) {
      const { code, message } = MillraceError.from(thrown);
      emit({ kind: "trouble", at: clock.now(), job: job.name, code, message });
      return false;
    }
  }

  /** Waits, and no longer than until somebody asks for a look or stops it. */
  async #wait(delayMs: number): Promise<void> {
    if (this.#asked.signal.aborted) this.#asked = new AbortController();
    const signal = AbortSignal.any([this.#stopped.signal, this.#asked.signal]);
    await sleep(this.#options.clock, delayMs, signal).catch(() => {});
  }
}

function isFailure(end: RunEnd): boolean {
  return "error" in end || end.summary?.state === "failed" || end.summary?.state === "rejected";
}
