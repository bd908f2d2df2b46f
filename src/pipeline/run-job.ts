/** `runJob`: one run of a job from its definition to its summary. */
import { availableParallelism } from "node:os";
import path from "node:path";
import { retrying } from "../actors/outage.ts";
import type { Job } from "../config/job.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { Observer, RunEventBody } from "../core/ports/observer.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { type Random, systemRandom } from "../core/random.ts";
import type { RunSummary } from "../core/summary.ts";
import { ProcessMeter } from "../observability/process-meter.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import { BufferPool } from "../runtime/buffer-pool.ts";
import { defaultBudgetBytes, MemoryBudget } from "../runtime/memory-budget.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";
import { openStateStore, parseStateUrl } from "../state/open.ts";
import { describe } from "./describe.ts";
import { RunLease } from "./lease.ts";
import { type BoundPlan, resolve } from "./resolve.ts";
import { identityKey } from "./run-identity.ts";
import { runBound } from "./run-bound.ts";
import { startThreads } from "./threads.ts";

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

/** How far a run is. */
export interface RunProgress {
  readonly records: number;
  readonly rejected: number;
  readonly bytes: number;
  /** Share of the source's bytes, 0 to 1; null when its size is not known. */
  readonly fraction: number | null;
}

/** Bytes of buffers that may lie idle between chunks. */
const MAX_IDLE_BYTES = 64 * 1024 * 1024;

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
export async function runJob(job: Job, options: RunJobOptions = {}): Promise<RunSummary> {
  const { clock = systemClock, random = systemRandom } = options;
  const plan = describe(job);
  await using opened = new AsyncDisposableStack();
  const state = await openState(job, options, clock, opened);
  const identity = { job: job.name, slot: options.slot ?? null, params: options.params ?? {} };
  const lease = opened.use(await acquireLease(state, job.name, identityKey(identity), clock));
  const recorder = new SummaryRecorder();
  const observers = [recorder.observe, ...(options.onProgress ? [progressOf(options.onProgress)] : []), ...(options.observers ?? [])];
  const stops = stopsOf(options, lease);
  const tell = (event: RunEventBody): void => tellAll(observers, { ...event, job: job.name, run: "", at: clock.now() });
  const bound = opened.use(
    await retrying(
      (): Promise<BoundPlan> => resolve(plan, { clock, signal: stops.graceful }),
      { policy: job.retry, stage: "sink", clock, random, emit: tell },
      stops.graceful,
    ),
  );
  using meter = new ProcessMeter();
  const threads = job.workers === "auto" ? Math.max(1, availableParallelism() - 1) : job.workers;
  const world = {
    clock,
    random,
    state,
    threads,
    budget: new MemoryBudget({ limitBytes: options.memoryBytes ?? defaultBudgetBytes() }),
    buffers: new BufferPool({ maxIdleBytes: MAX_IDLE_BYTES }),
    startThreads: (spec: Parameters<typeof startThreads>[0]) =>
      startThreads(spec, {
        threads,
        clock,
        hangTimeoutMs: job.transform?.timeoutMs ?? 30_000,
        memoryBytes: job.transform?.memoryBytes ?? null,
      }),
  };
  const wish = {
    restart: options.restart ?? false,
    keepWritten: options.keepWritten ?? false,
    resume: options.resume ?? null,
    acceptRejects: options.acceptRejects ?? false,
    trigger: options.trigger ?? "manual",
  };
  return await runBound({ bound, identity, wish, world, stops, recorder, observers, figures: () => meter.figures() });
}

function tellAll(observers: readonly Observer[], event: Parameters<Observer>[0]): void {
  for (const observer of observers) {
    try {
      observer(event);
    } catch {
      // An observer's mistake must not harm the run.
    }
  }
}

async function openState(job: Job, { state }: RunJobOptions, clock: Clock, opened: AsyncDisposableStack): Promise<StateStore> {
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

/** Turns events into {@link RunProgress}. */
function progressOf(onProgress: (progress: RunProgress) => void): Observer {
  let total: number | null = null;
  let [records, rejected, bytes] = [0, 0, 0];
  return (event) => {
    if (event.kind === "run-started") {
      total = event.totalBytes;
      records = event.resumed?.read ?? 0;
      bytes = event.resumed?.bytes ?? 0;
    } else if (event.kind === "chunk-done") {
      records += event.records;
      rejected += event.rejected;
      bytes += event.bytes;
    } else if (event.kind === "sampled") {
      onProgress({ records, rejected, bytes, fraction: total === null || total === 0 ? null : Math.min(1, bytes / total) });
    }
  };
}
