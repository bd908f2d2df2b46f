/** Flow after flow under a supervisor, to their end or to the end of its restarts. */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import type { RunState } from "../core/ports/state-store.ts";
import { causesOf } from "../core/thrown.ts";
import { onAbort } from "../core/abort.ts";
import type { Exit } from "../runtime/actor.ts";
import { Supervisor } from "../runtime/supervisor.ts";
import type { SupervisorEvent } from "../runtime/supervisor-options.ts";
import type { Execution } from "./execution.ts";
import { DRAIN_MS, FlowStarts } from "./flow-starts.ts";
import { sampling } from "./sampler.ts";

/** A run may be started anew so often within the period before it fails; actors die of faults that pass, or of mistakes. */
const RESTARTS = { intensity: 5, periodMs: 60_000 };
const BACKOFF = { initialDelayMs: 100, maxDelayMs: 10_000, multiplier: 2, jitter: "full" } as const;

/** How an execution ended. */
export interface Outcome {
  readonly state: Exclude<RunState, "running">;
  readonly error: MillraceError | null;
}

/** How an execution is ended from outside. */
export interface Stops {
  /** Read nothing more, finish what is under way, as far as that can be done in half a minute. */
  readonly graceful: AbortSignal;
  /** Stop now; everything uncommitted is left for the next run. */
  readonly kill: AbortSignal;
  /**
   * Asks whether the run still is this process's, who was told that it is not.
   *
   * @throws MillraceError FENCED when it is another one's; STATE_UNAVAILABLE
   */
  readonly confirm: () => Promise<void>;
}

/**
 * Runs the flows of an execution, or those of one share of its source; a failed run is an outcome and not a throw.
 *
 * @param revoked aborted when the share is taken back: everything under way is dropped
 */
export async function runFlows(
  execution: Execution,
  starts: FlowStarts,
  stops: Stops,
  // A new one each time: what listens to one that is never aborted stays there.
  revoked: AbortSignal = new AbortController().signal,
): Promise<Outcome> {
  const supervisor = new Supervisor({
    name: `run ${execution.run.row.id}`,
    strategy: "one_for_all",
    ...RESTARTS,
    backoff: BACKOFF,
    clock: execution.clock,
    random: execution.random,
    restartable: mayPass,
    children: starts.children(),
    onEvent: (event) => tellRestart(execution, event),
  });
  const running = supervisor.start();
  using _graceful = onAbort(stops.graceful, () => {
    if (!stops.kill.aborted) tellDraining(execution, stops.graceful.reason);
    running.stop(DRAIN_MS);
  });
  const end = (reason: unknown, why: string): void => {
    starts.current?.abort(new MillraceError("ABORTED", why));
    running.kill(reason);
  };
  using _kill = onAbort(stops.kill, () => end(stops.kill.reason, "the run was stopped"));
  using _revoked = onAbort(revoked, () => end(revoked.reason, "the splits were taken back"));
  using _sampling = sampling(execution, starts);
  const exit = await running.wait();
  if (exit.kind === "killed" && !stops.kill.aborted && !revoked.aborted) tellDraining(execution, TOO_LATE);
  return outcomeOf(exit, starts, stops);
}

const TOO_LATE = `not done within ${DRAIN_MS / 1000} s: stopped at once, and what is not committed is left for the next run`;

function tellDraining({ emit }: Execution, reason: unknown): void {
  emit({ kind: "draining", reason: typeof reason === "string" ? reason : "asked to stop" });
}

/**
 * A fault of the program or of the moment may pass; what somebody has to change will not. A fence may only mean that a
 * split went away and came back, or that a claim of a dead process came late: the next flow asks, before it claims
 * anything, whether the work still is this process's.
 */
function mayPass(error: unknown): boolean {
  return (
    !(isMillraceError(error) && (error.fault === "fatal" || error.fault === "usage")) ||
    isMillraceError(error, "INVARIANT") ||
    isMillraceError(error, "FENCED")
  );
}

function tellRestart({ emit }: Execution, event: SupervisorEvent): void {
  if (event.kind !== "restarting") return;
  const error = MillraceError.from(event.error);
  const { child: actor, attempt, delayMs } = event;
  emit({ kind: "restarting", actor, attempt, delayMs, code: error.code, message: error.message, ...causesOf(error) });
}

function outcomeOf(exit: Exit, { complete, failure, fence, share }: FlowStarts, { graceful, kill }: Stops): Outcome {
  // Nobody could say any more whose the run is: this one says nothing about it.
  if (exit.kind === "failed") return failed(fence ?? withCause(MillraceError.from(exit.error)));
  if (complete) return { state: "succeeded", error: null };
  const reason: unknown = kill.aborted ? kill.reason : graceful.reason;
  // A lost lease is a failure and not somebody's wish.
  if (isMillraceError(reason, "FENCED")) return failed(fence ?? reason);
  // A failure while draining is not the supervisor's affair any more, but it is the caller's; not a drain cut short, and
  // not a split of a live source that is another process's by now.
  const isNone = isMillraceError(failure, "ABORTED") || (share !== null && isMillraceError(failure, "FENCED"));
  if (failure !== null && !kill.aborted && !isNone) return failed(MillraceError.from(failure));
  return { state: "interrupted", error: null };
}

/** A supervisor that gives up says how often it tried; what it was all about is the last cause. */
function withCause(error: MillraceError): MillraceError {
  if (error.code !== "RESTARTS_EXHAUSTED" || error.cause === undefined) return error;
  const { code, message } = MillraceError.from(error.cause);
  return new MillraceError(error.code, `${error.message}: ${message} (${code})`, { cause: error.cause });
}

/** The outcome that an error means. */
export function failed(error: MillraceError): Outcome {
  return { state: error.code === "REJECT_LIMIT" ? "rejected" : "failed", error };
}
