/** The runtime as its callers see it: programs that embed it, the HTTP API, the command line. */
import type { Logger } from "pino";
import type { Registry } from "prom-client";
import type { Job } from "../config/job.ts";
import type { Clock } from "../core/clock.ts";
import type { RuntimeEvent, RuntimeObserver } from "../core/ports/runtime-events.ts";
import type { RunState, StateStore } from "../core/ports/state-store.ts";
import type { Random } from "../core/random.ts";
import type { RunSummary } from "../core/summary.ts";
import type { StateSpec } from "../state/open.ts";
import type { AdminOptions } from "./http/admin-options.ts";

/** What a runtime is made of. */
export interface RuntimeOptions {
  readonly jobs: readonly Job[];
  /** A store, or where one is, as for `runJob`; `.millrace/state.db` in the working directory by default. */
  readonly state?: StateStore | StateSpec | string;
  /** The HTTP server; none by default. */
  readonly admin?: AdminOptions;
  /** Bytes that the chunks of all runs may occupy; a quarter of the machine's memory by default. */
  readonly memory?: { readonly budget: number | "auto" };
  /** Tasks that run at once, over all runs; one fewer than there are cores by default. */
  readonly threads?: number | "auto";
  /** Told what happens; nothing is written anywhere by default. */
  readonly logger?: Logger;
  /** Gets the metrics; a registry of its own by default. prom-client's global one stays untouched. */
  readonly registry?: Registry;
  readonly observers?: readonly RuntimeObserver[];
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What a run may be asked for by hand. */
export interface TriggerOptions {
  readonly params?: { readonly [name: string]: string };
  /** The nominal time, ISO 8601; where a run of it has succeeded nothing is begun, and that run is given. */
  readonly slot?: string;
}

/** A run that has begun. */
export interface TriggeredRun {
  readonly id: string;
  /** Never rejects: a run that failed is a summary that says so. */
  readonly ended: Promise<RunSummary>;
}

/** How a job stands. */
export interface JobStatus {
  readonly job: string;
  /** `failed`: its last run did. `waiting`: it has slots that are due and not started yet. */
  readonly state: "idle" | "running" | "waiting" | "failed" | "paused";
  /** Why it is paused; null: it is not. */
  readonly paused: string | null;
  /** As the job writes it: `{type: "cron", schedule: "0 2 * * *", ...}`. */
  readonly trigger: { readonly type: string; readonly [key: string]: unknown };
  /** The next nominal time, ISO 8601; null: there is none to be known. */
  readonly next: string | null;
  /** Ids of its runs that are under way in this process. */
  readonly running: readonly string[];
  /** The newest run that is kept, as {@link Runtime.runs} tells it; null: none. */
  readonly last: RunObject | null;
  readonly source: string;
  readonly sinks: { readonly [name: string]: string };
}

/** The object of `run --json`, with when and why it ran. Of a run that is under way the figures so far. */
export interface RunObject extends Partial<Omit<RunSummary, "state">> {
  readonly job: string;
  readonly run: string;
  readonly state: RunState;
  readonly slot: string | null;
  readonly trigger: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** Which runs, newest first. */
export interface RunsWish {
  readonly job?: string;
  readonly limit: number;
  /** Only runs older than the one of this id. */
  readonly before?: string;
}

/**
 * Hosts jobs: starts their runs by their triggers, keeps them apart, tells how they stand.
 *
 * It installs no signal handlers and no global ones, writes to no console and never ends the process.
 */
export interface Runtime extends AsyncDisposable {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly registry: Registry;
  /** Where the HTTP server listens, once started; null: there is none. */
  readonly url: string | null;
  /** Whether new work is taken on: started, the state store answers, not draining. */
  isReady(): Promise<boolean>;
  /** Begins to listen and to start runs. @throws MillraceError STATE_UNAVAILABLE, USAGE (the port is taken) and the like */
  start(): Promise<void>;
  /** The job of that name as it holds now. */
  jobNamed(name: string): Job | undefined;
  jobs(): Promise<readonly JobStatus[]>;
  /** @returns undefined where there is no such job */
  status(job: string): Promise<JobStatus | undefined>;
  runs(wish: RunsWish): Promise<readonly RunObject[]>;
  /** @returns undefined where no such run is kept */
  run(id: string): Promise<RunObject | undefined>;
  /**
   * Starts a run now, whatever the schedule says; resolves when it has begun.
   *
   * @throws MillraceError JOB_UNKNOWN, LEASE_HELD (it is being run), CONFIG_INVALID (its values), CLOSED while draining
   */
  trigger(job: string, options?: TriggerOptions): Promise<TriggeredRun>;
  /** Runs the job's rejects again. @returns null where there are none. @throws MillraceError as {@link trigger} */
  replay(
    job: string,
    wish: { readonly run?: string; readonly stage?: string; readonly code?: string },
  ): Promise<TriggeredRun | null>;
  /** Starts nothing of the job any more; what is under way goes on. @throws MillraceError JOB_UNKNOWN */
  pause(job: string, reason?: string): Promise<void>;
  /** @throws MillraceError JOB_UNKNOWN */
  resume(job: string): Promise<void>;
  /** Ends a run in order: it reads no more, commits what is under way and is `interrupted`. @returns false where it is not under way here */
  cancel(run: string): boolean;
  /** What happens from now on; a consumer that falls behind by more than 10,000 events misses some and is told `trouble`. */
  events(signal?: AbortSignal): AsyncIterable<RuntimeEvent>;
  /** Another set of jobs: each change holds from the job's next run on. */
  reload(jobs: readonly Job[]): Promise<void>;
  /** Tells everybody that another set of jobs was asked for and cannot hold. @param message why */
  refuseReload(message: string): void;
  /**
   * Starts nothing more, ends all runs in order, closes the HTTP server. Asked again with 0 it waits no longer.
   *
   * @returns whether all ended within the deadline; those that did not are stopped at once
   */
  drain(deadlineMs: number): Promise<boolean>;
}
