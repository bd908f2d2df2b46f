/** The fourth step: a flow runs under its supervisor, to its end or to the end of its restarts. */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import type { RunState } from "../core/ports/state-store.ts";
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
}

/** Runs an execution; a failed run is an outcome and not a throw. */
export async function execute(execution: Execution, stops: Stops): Promise<Outcome> {
  await using starts = new FlowStarts(execution);
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
  using _kill = onAbort(stops.kill, () => {
    starts.current?.abort(new MillraceError("ABORTED", "the run was stopped"));
    running.kill(stops.kill.reason);
  });
  using _sampling = sampling(execution, starts);
  const exit = await running.wait();
  if (exit.kind === "killed" && !stops.kill.aborted) tellDraining(execution, TOO_LATE);
  return outcomeOf(exit, starts, stops);
}

const TOO_LATE = `not done within ${DRAIN_MS / 1000} s: stopped at once, and what is not committed is left for the next run`;

function tellDraining({ emit }: Execution, reason: unknown): void {
  emit({ kind: "draining", reason: typeof reason === "string" ? reason : "asked to stop" });
}

/** A fault of the program or of the moment may pass; what somebody has to change will not. */
function mayPass(error: unknown): boolean {
  return (
    !(isMillraceError(error) && (error.fault === "fatal" || error.fault === "usage")) ||
    isMillraceError(error, "INVARIANT")
  );
}

function tellRestart({ emit }: Execution, event: SupervisorEvent): void {
  if (event.kind !== "restarting") return;
  const { code, message } = MillraceError.from(event.error);
  emit({ kind: "restarting", actor: event.child, attempt: event.attempt, delayMs: event.delayMs, code, message });
}

function outcomeOf(exit: Exit, { complete, failure }: FlowStarts, { graceful, kill }: Stops): Outcome {
  if (exit.kind === "failed") return failed(withCause(MillraceError.from(exit.error)));
  if (complete) return { state: "succeeded", error: null };
  const reason: unknown = kill.aborted ? kill.reason : graceful.reason;
  // A lost lease is a failure and not somebody's wish.
  if (isMillraceError(reason, "FENCED")) return failed(reason);
  // A failure while draining is not the supervisor's affair any more, but it is the caller's; not a drain cut short.
  if (failure !== null && !kill.aborted && !isMillraceError(failure, "ABORTED"))
    return failed(MillraceError.from(failure));
  return { state: "interrupted", error: null };
}

/** A supervisor that gives up says how often it tried; what it was all about is the last cause. */
function withCause(error: MillraceError): MillraceError {
  if (error.code !== "RESTARTS_EXHAUSTED" || error.cause === undefined) return error;
  const { code, message } = MillraceError.from(error.cause);
  return new MillraceError(error.code, `${error.message}: ${message} (${code})`, { cause: error.cause });
}

function failed(error: MillraceError): Outcome {
  return { state: error.code === "REJECT_LIMIT" ? "rejected" : "failed", error };
}
