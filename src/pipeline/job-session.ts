/** What a run has, and a replay of its rejects, before it looks at the world: observers, the state store, its lease. */
import type { Emit } from "../actors/messages.ts";
import type { OutageOptions } from "../actors/outage.ts";
import { isLive, type Job } from "../config/job.ts";
import { jobForRun } from "../config/read-job.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { newRunId, type Random, systemRandom } from "../core/random.ts";
import { SummaryRecorder } from "../observability/summary-recorder.ts";
import { describe, type Plan } from "./describe.ts";
import { emitterOf } from "./emitter.ts";
import { holdLease } from "./hold-lease.ts";
import type { LeaseWait, RunLease } from "./lease.ts";
import { openState } from "./open-state.ts";
import type { Identity } from "./run-identity.ts";
import type { RunJobOptions } from "./run-options.ts";
import type { Stops } from "./run-flows.ts";
import { progressObserver } from "./run-progress.ts";

/** A job that is held: nobody else works under the same scope. */
export interface JobSession {
  readonly plan: Plan;
  readonly identity: Identity;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly recorder: SummaryRecorder;
  readonly observers: readonly Observer[];
  /** How long what is away for a moment is waited for. */
  readonly patience: OutageOptions;
  readonly stops: Stops;
}

/**
 * Opens the state store and takes the lease; `opened` lets go of both.
 *
 * @param scopeOf what nobody else may work on meanwhile
 * @throws MillraceError of fault class `usage` when the job has to be changed; LEASE_HELD, STATE_UNAVAILABLE
 */
export async function openSession(
  given: Job,
  options: RunJobOptions,
  scopeOf: (identity: Identity) => string,
  opened: AsyncDisposableStack,
): Promise<JobSession> {
  const { clock = systemClock, random = systemRandom, params = {}, slot = null } = options;
  const job = jobForRun(given, { params, slot, environment: process.env });
  const recorder = new SummaryRecorder();
  const observers = [recorder.observe, ...observersOf(options)];
  const emit = emitterOf({ job: job.name, run: "", observers, clock });
  const patience: OutageOptions = { policy: job.retry, stage: "source", clock, random, emit };
  const plan = describe(job);
  const state = await openState(job, options, patience, opened);
  const identity: Identity = { job: job.name, slot, params, ...standing(job, newRunId(clock.now(), random)) };
  const lease = opened.use(await holdLease(state, job.name, scopeOf(identity), clock, waitOf(options, emit)));
  return { plan, identity, state, clock, random, recorder, observers, patience, stops: stopsOf(options, lease) };
}

function observersOf({ observers = [], onProgress }: RunJobOptions): readonly Observer[] {
  return onProgress === undefined ? observers : [progressObserver(onProgress), ...observers];
}

/** Whether its runs go on in one scope, and beside each other. @param own the id of a start */
export function standing({ source }: Job, own: string): Pick<Identity, "scope" | "own"> {
  if (isLive(source)) return { scope: "", own };
  return "incremental" in source && source.incremental ? { scope: "" } : {};
}

function waitOf({ wait = false, signal }: RunJobOptions, emit: Emit): LeaseWait | undefined {
  if (!wait) return undefined;
  const tell = (owner: string, forMs: number): void => emit({ kind: "waiting", owner, forMs });
  return { signal: signal ?? new AbortController().signal, tell };
}

/** A lost lease is a kill: whoever has it now writes. */
function stopsOf({ signal, kill, faults }: RunJobOptions, lease: RunLease): JobSession["stops"] {
  const never = new AbortController().signal;
  const hard = AbortSignal.any([kill ?? never, faults?.killed ?? never, lease.lost]);
  return { graceful: AbortSignal.any([signal ?? never, hard]), kill: hard, confirm: () => lease.confirm() };
}
