/** `runJob`: one run of a job from its definition to its summary. */
import path from "node:path";
import { type OutageOptions, retrying } from "../actors/outage.ts";
import type { Job } from "../config/job.ts";
import { jobForRun } from "../config/read-job.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { type Random, systemRandom } from "../core/random.ts";
import type { RunSummary } from "../core/summary.ts";
import { type ProcessFigures, ProcessMeter } from "../observability/process-meter.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";
import { openStateStore, parseStateUrl } from "../state/open.ts";
import { describe } from "./describe.ts";
import { emitterOf } from "./emitter.ts";
import { RunLease } from "./lease.ts";
import { processWorld } from "./process-world.ts";
import { type BoundPlan, resolve } from "./resolve.ts";
import { runBound } from "./run-bound.ts";
import { identityKey, type StartWish } from "./run-identity.ts";
import { progressObserver, type RunProgress } from "./run-progress.ts";

/** How a run may be asked for. */
export interface RunJobOptions {
  /** Aborted: read nothing more, finish and commit what is under way; the run ends `interrupted` and can be resumed. */
  readonly signal?: AbortSignal;
  /** Aborted: stop at once; what is not committed is left for the next run. */
  readonly kill?: AbortSignal;
  readonly params?: { readonly [name: string]: string };
  /** The schedule's nominal time, ISO 8601. */
  readonly slot?: string;
  /** A store, or where one is: a path, `sqlite:path`, `memory:`. By default `.millrace/state.db` beside the job. */
  readonly state?: StateStore | string;
  /** Gives an unfinished run up and begins anew. */
  readonly restart?: boolean;
  /** With `restart`: leaves the rows that an append sink already holds. */
  readonly keepWritten?: boolean;
  /** Goes on with the run of this id. */
  readonly resume?: string;
  /** No limit on rejects. */
  readonly acceptRejects?: boolean;
  readonly trigger?: string;
  readonly observers?: readonly Observer[];
  /** Told a few times a second how far the run is. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Bytes that chunks may occupy; a quarter of the machine's memory when absent. */
  readonly memoryBytes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Runs a job once: goes on with the newest unfinished run of the same slot and parameters, else begins a new one.
 *
 * A run that failed is a summary whose `state` says so, with `error`. Thrown is only what keeps a run from beginning.
 *
 * @throws MillraceError of fault class `usage` when the job or the options have to be changed; LEASE_HELD when another
 *   process runs it; SINK_UNAVAILABLE and the like when it could not begin
 * @example
 * const result = await runJob(defineJob({ name: "orders", source: { type: "file", path: "orders.csv" }, sink: { type: "file", path: "orders.jsonl" } }));
 * console.log(result.read, result.balanced);
 */
export async function runJob(given: Job, options: RunJobOptions = {}): Promise<RunSummary> {
  const { clock = systemClock, random = systemRandom, params = {}, slot = null } = options;
  const job = jobForRun(given, { params, slot, environment: process.env });
  const plan = describe(job);
  await using opened = new AsyncDisposableStack();
  const state = await openState(job, options, clock, opened);
  const identity = { job: job.name, slot, params };
  const lease = opened.use(await acquireLease(state, job.name, identityKey(identity), clock));
  const stops = stopsOf(options, lease);
  const recorder = new SummaryRecorder();
  const observers = [recorder.observe, ...observersOf(options)];
  const emit = emitterOf({ job: job.name, run: "", observers, clock });
  const patience: OutageOptions = { policy: job.retry, stage: "source", clock, random, emit };
  const binding = (): Promise<BoundPlan> => resolve(plan, { clock, signal: stops.graceful });
  const bound = opened.use(await retrying(binding, patience, stops.graceful));
  using meter = new ProcessMeter();
  const world = processWorld(job, { clock, random, state }, options.memoryBytes);
  const figures = (): ProcessFigures => meter.figures();
  return await runBound({ bound, identity, wish: wishOf(options), world, stops, recorder, observers, figures });
}

function wishOf({ restart, keepWritten, resume, acceptRejects, trigger }: RunJobOptions): StartWish {
  return {
    restart: restart ?? false,
    keepWritten: keepWritten ?? false,
    resume: resume ?? null,
    acceptRejects: acceptRejects ?? false,
    trigger: trigger ?? "manual",
  };
}

function observersOf({ observers = [], onProgress }: RunJobOptions): readonly Observer[] {
  return onProgress === undefined ? observers : [progressObserver(onProgress), ...observers];
}

async function openState(
  job: Job,
  { state }: RunJobOptions,
  clock: Clock,
  opened: AsyncDisposableStack,
): Promise<StateStore> {
  if (state !== undefined && typeof state !== "string") return state;
  const besideJob = path.join(path.dirname(job.file ?? path.join(job.baseDir, "job")), ".millrace", "state.db");
  const spec = state === undefined ? { type: "sqlite" as const, path: besideJob } : parseStateUrl(state, job.baseDir);
  return opened.use(await openStateStore(spec, { clock }));
}

function acquireLease(state: StateStore, job: string, scope: string, clock: Clock): Promise<RunLease> {
  const owner = currentLeaseOwner(crypto.randomUUID());
  return RunLease.acquire({ state, job, scope, owner, clock, isAlive: (other) => isOwnerAlive(other, owner) });
}

/** A lost lease is a kill: whoever has it now writes. */
function stopsOf({ signal, kill }: RunJobOptions, lease: RunLease): { graceful: AbortSignal; kill: AbortSignal } {
  const never = new AbortController().signal;
  const hard = AbortSignal.any([kill ?? never, lease.lost]);
  return { graceful: AbortSignal.any([signal ?? never, hard]), kill: hard };
}
