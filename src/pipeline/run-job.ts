/** `runJob`: one run of a job from its definition to its summary. */
import path from "node:path";
import type { Emit } from "../actors/messages.ts";
import { type OutageOptions, retrying } from "../actors/outage.ts";
import type { Job } from "../config/job.ts";
import { jobForRun } from "../config/read-job.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { FaultInjection } from "../core/ports/fault-injection.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { LeaseOwner, StateStore } from "../core/ports/state-store.ts";
import { type Random, systemRandom } from "../core/random.ts";
import type { RunSummary } from "../core/summary.ts";
import { type ProcessFigures, ProcessMeter } from "../observability/process-meter.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";
import { openStateStore, parseStateUrl, type StateSpec } from "../state/open.ts";
import { describe, type Plan } from "./describe.ts";
import { dryPlan, type DryRunViewer } from "./dry-run.ts";
import { emitterOf } from "./emitter.ts";
import { type LeaseWait, RunLease } from "./lease.ts";
import { faultyPlan } from "./faulty-plan.ts";
import { limitPlan } from "./limit-source.ts";
import { processWorld } from "./process-world.ts";
import { type BoundPlan, resolve, type ResolveContext } from "./resolve.ts";
import { runBound } from "./run-bound.ts";
import { type Identity, identityKey, type StartWish } from "./run-identity.ts";
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
  /**
   * A store, or where one is: a path, `sqlite:path`, `postgres://...`, `memory:`, or the object of a runtime file's `state`.
   * By default `.millrace/state.db` beside the job.
   */
  readonly state?: StateStore | StateSpec | string;
  /**
   * Milliseconds that the calling thread serves a store in a file itself before a thread of its own takes over: what is
   * over by then needs none. 0, the default: a thread from the start, and nothing ever waits for the disk here.
   */
  readonly stateThreadAfterMs?: number;
  /** Gives an unfinished run up and begins anew. */
  readonly restart?: boolean;
  /** With `restart`: leaves the rows that an append sink already holds. */
  readonly keepWritten?: boolean;
  /** Goes on with the run of this id. */
  readonly resume?: string;
  /** Waits while another process runs the job, instead of ending with LEASE_HELD; `signal` ends the wait. */
  readonly wait?: boolean;
  /** No limit on rejects. */
  readonly acceptRejects?: boolean;
  /** Only so many source records, into the real sinks: a run of its own, which nothing resumes. */
  readonly limit?: number;
  /** Writes nothing anywhere; what would have been written is shown to this. */
  readonly dryRun?: DryRunViewer;
  readonly trigger?: string;
  readonly observers?: readonly Observer[];
  /** Told a few times a second how far the run is. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Bytes that chunks may occupy; a quarter of the machine's memory when absent. */
  readonly memoryBytes?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  /** For tests: faults between the run and its source and sinks. */
  readonly faults?: FaultInjection;
}

/**
 * Runs a job once: goes on with the newest unfinished run of the same slot and parameters, else begins a new one.
 *
 * A run that failed is a summary whose `state` says so, with `error`. Thrown is only what keeps a run from beginning.
 *
 * @throws MillraceError of fault class `usage` when the job or the options have to be changed; LEASE_HELD when another
 *   process runs it and is not waited for; SINK_UNAVAILABLE and the like when it could not begin
 * @example
 * const result = await runJob(defineJob({ name: "orders", source: { type: "file", path: "orders.csv" }, sink: { type: "file", path: "orders.jsonl" } }));
 * console.log(result.read, result.balanced);
 */
export async function runJob(given: Job, options: RunJobOptions = {}): Promise<RunSummary> {
  const { clock = systemClock, random = systemRandom, params = {}, slot = null } = options;
  const job = jobForRun(given, { params, slot, environment: process.env });
  const plan = describe(job);
  await using opened = new AsyncDisposableStack();
  const recorder = new SummaryRecorder();
  const observers = [recorder.observe, ...observersOf(options)];
  const emit = emitterOf({ job: job.name, run: "", observers, clock });
  const patience: OutageOptions = { policy: job.retry, stage: "source", clock, random, emit };
  const state = await openState(job, options, patience, opened);
  const identity: Identity = { job: job.name, slot, params, ...(isIncremental(job) && { scope: "" }) };
  const lease = opened.use(await acquireLease(state, job.name, identityKey(identity), clock, waitOf(options, emit)));
  const stops = stopsOf(options, lease);
  const binding = (): Promise<BoundPlan> => bindPlan(plan, { clock, signal: stops.graceful }, options);
  const bound = opened.use(await retrying(binding, patience, stops.graceful));
  using meter = new ProcessMeter();
  const world = processWorld(job, { clock, random, state }, options.memoryBytes);
  const figures = (): ProcessFigures => meter.figures();
  return await runBound({ bound, identity, wish: wishOf(options), world, stops, recorder, observers, figures });
}

/** The plan bound to the world, or to as much of it as the caller wants. */
async function bindPlan(
  plan: Plan,
  context: Required<ResolveContext>,
  { limit, dryRun, faults }: RunJobOptions,
): Promise<BoundPlan> {
  await using opened = new AsyncDisposableStack();
  let bound = opened.use(await resolve(plan, context));
  if (faults !== undefined) bound = faultyPlan(bound, faults);
  if (limit !== undefined) bound = await limitPlan(bound, limit, context.signal);
  opened.move();
  return dryRun === undefined ? bound : dryPlan(bound, dryRun);
}

function wishOf({ restart, keepWritten, resume, acceptRejects, trigger, limit }: RunJobOptions): StartWish {
  return {
    ...(limit === undefined ? {} : { limit }),
    restart: restart ?? false,
    keepWritten: keepWritten ?? false,
    resume: resume ?? null,
    acceptRejects: acceptRejects ?? false,
    trigger: trigger ?? "manual",
  };
}

export function observersOf({ observers = [], onProgress }: RunJobOptions): readonly Observer[] {
  return onProgress === undefined ? observers : [progressObserver(onProgress), ...observers];
}

function isIncremental({ source }: Job): boolean {
  return "incremental" in source && source.incremental;
}

export async function openState(
  job: Job,
  options: RunJobOptions,
  patience: OutageOptions,
  opened: AsyncDisposableStack,
): Promise<StateStore> {
  const { state, dryRun, signal, stateThreadAfterMs = 0 } = options;
  const { clock } = patience;
  if (dryRun !== undefined) return opened.use(await openStateStore({ type: "memory" }, { clock }));
  // The caller's own store stays open.
  if (typeof state === "object" && !("type" in state)) return state;
  const spec = stateSpec(job, state);
  const opening = (): Promise<StateStore> => openStateStore(spec, { clock, threadAfterMs: stateThreadAfterMs });
  // A server that is away for a moment is waited for; a file that somebody keeps locked is a matter for people.
  if (spec.type !== "postgres") return opened.use(await opening());
  return opened.use(await retrying(opening, patience, signal ?? new AbortController().signal));
}

function stateSpec(job: Job, state: StateSpec | string | undefined): StateSpec {
  if (typeof state === "string") return parseStateUrl(state, job.baseDir);
  if (state?.type === "sqlite") return { ...state, path: path.resolve(job.baseDir, state.path) };
  if (state !== undefined) return state;
  return {
    type: "sqlite",
    path: path.join(path.dirname(job.file ?? path.join(job.baseDir, "job")), ".millrace", "state.db"),
  };
}

export function acquireLease(
  state: StateStore,
  job: string,
  scope: string,
  clock: Clock,
  wait?: LeaseWait,
): Promise<RunLease> {
  const owner = currentLeaseOwner(crypto.randomUUID());
  const isAlive = (other: LeaseOwner): ReturnType<typeof isOwnerAlive> => isOwnerAlive(other, owner);
  return RunLease.acquire({ state, job, scope, owner, clock, isAlive, ...(wait && { wait }) });
}

function waitOf({ wait = false, signal }: RunJobOptions, emit: Emit): LeaseWait | undefined {
  if (!wait) return undefined;
  const tell = (owner: string, forMs: number): void => emit({ kind: "waiting", owner, forMs });
  return { signal: signal ?? new AbortController().signal, tell };
}

/** A lost lease is a kill: whoever has it now writes. */
export function stopsOf(
  { signal, kill, faults }: RunJobOptions,
  lease: RunLease,
): { graceful: AbortSignal; kill: AbortSignal } {
  const never = new AbortController().signal;
  const hard = AbortSignal.any([kill ?? never, faults?.killed ?? never, lease.lost]);
  return { graceful: AbortSignal.any([signal ?? never, hard]), kill: hard };
}
