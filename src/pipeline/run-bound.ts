/** A bound plan becomes a run: chosen, written down, executed, summed up. Knows no real clock, thread or server. */
import type { Emit } from "../actors/messages.ts";
import type { SinkColumns } from "../actors/column-agreement.ts";
import { retrying } from "../actors/outage.ts";
import { MillraceError } from "../core/errors.ts";
import type { Observer } from "../core/ports/observer.ts";
import type { RejectStore } from "../core/ports/reject-store.ts";
import type { RunSummary } from "../core/summary.ts";
import { causesOf } from "../core/thrown.ts";
import { formatByName } from "../formats/catalog.ts";
import type { ProcessFigures } from "../observability/process-meter.ts";
import type { SummaryRecorder } from "../observability/summary-recorder.ts";
import { assertContinuing, NOTHING_EARLIER, readEarlier } from "./earlier.ts";
import { emitterOf } from "./emitter.ts";
import { execute } from "./execute.ts";
import type { Execution, World } from "./execution.ts";
import { ProgressMirror } from "./mirror.ts";
import type { BoundPlan } from "./resolve.ts";
import type { Outcome, Stops } from "./run-flows.ts";
import { findLostRuns, type LostRun } from "./lost-runs.ts";
import { applyRetention } from "./retention.ts";
import { prepareRun } from "./prepare-run.ts";
import { chooseRun, type Identity, type StartedRun, type StartWish } from "./run-identity.ts";
import { asPlanned, assertOwnSource, withSource } from "./source-identity.ts";

/** What {@link runBound} needs. */
export interface RunBoundOptions {
  readonly bound: BoundPlan;
  readonly identity: Identity;
  readonly wish: StartWish;
  readonly world: World;
  readonly stops: Stops;
  readonly recorder: SummaryRecorder;
  readonly observers: readonly Observer[];
  readonly figures: () => ProcessFigures;
  /** The last thing that the run has to do when all is written; again when it is resumed after that has failed. */
  readonly settle?: () => Promise<void>;
}

/**
 * Runs a bound plan once.
 *
 * @throws MillraceError RUN_NOT_FOUND, RESTART_REFUSED; SOURCE_CHANGED for another deployment's run; an error of fault class `usage` that ended the run before
 *   anything was written
 */
export async function runBound(options: RunBoundOptions): Promise<RunSummary> {
  const { identity, wish, world, stops, observers } = options;
  const { state, clock } = world;
  // What others have under way is theirs, and nothing of it is begun anew.
  const lost = identity.own === undefined ? await lostRuns(options) : [];
  const chosen = await chooseRun({ state, lost }, identity, wish, world);
  const bound = { ...options.bound, source: asPlanned(chosen, options.bound.source) };
  bound.source.readBy?.(chosen.row.id);
  const run = withSource(chosen, bound.source);
  await assertOwnSource(run, bound.source);
  const limits = wish.acceptRejects ? null : bound.plan.job.errors;
  await prepareRun({ world, bound, run, wish, limits, lost });
  const begun = clock.monotonic();
  const emit = emitterOf({ job: identity.job, run: run.row.id, observers, clock });
  await using rejects = await bound.openRejects(run.row.id);
  await using mirrors = new AsyncDisposableStack();
  const execution = executionOf({ ...options, bound }, run, { emit, rejects, limits, mirrors });
  const outcome = await settled(options, await published(rejects, await execute(execution, stops)));
  await mirrors.disposeAsync();
  const durationMs = clock.monotonic() - begun;
  const summary = await sumUp(options, run, outcome, durationMs, emit);
  if (!isFenced(outcome)) await applyRetention(world, bound);
  return summary;
}

/** A server that is away for a moment is waited for before a run begins, too. */
function lostRuns({ bound, identity: { job }, world, observers, stops }: RunBoundOptions): Promise<readonly LostRun[]> {
  const emit = emitterOf({ job, run: "", observers, clock: world.clock });
  const patience = { ...world, policy: bound.plan.job.retry, stage: "sink", emit } as const;
  return retrying(() => findLostRuns(world.state, job, bound), patience, stops.graceful);
}

/** Rejects are published at every end; where that fails, a run that was well otherwise has failed. */
async function published(rejects: RejectStore | null, outcome: Outcome): Promise<Outcome> {
  if (isFenced(outcome)) return outcome;
  try {
    await rejects?.publish();
    return outcome;
  } catch (thrown) {
    return outcome.error === null ? { state: "failed", error: MillraceError.from(thrown) } : outcome;
  }
}

async function settled({ settle }: RunBoundOptions, outcome: Outcome): Promise<Outcome> {
  if (outcome.state !== "succeeded") return outcome;
  try {
    await settle?.();
    return outcome;
  } catch (thrown) {
    return { state: "failed", error: MillraceError.from(thrown) };
  }
}

function executionOf(
  { bound: given, world, stops: { confirm } }: RunBoundOptions,
  run: StartedRun,
  parts: Pick<Execution, "emit" | "rejects" | "limits"> & { readonly mirrors: AsyncDisposableStack },
): Execution {
  const { row } = run;
  const { mirrors, ...rest } = parts;
  let bound = given;
  let earlier = NOTHING_EARLIER;
  const mirrorOf = new Map(
    [...bound.sinks].flatMap(([sink, { positions }]) => {
      const key = { job: row.job, scope: row.scope, sink };
      return positions === "sink"
        ? [[sink, mirrors.use(new ProgressMirror(world.state, key, world.clock))] as const]
        : [];
    }),
  );
  let columns: SinkColumns = row.columns ?? {};
  return {
    ...world,
    ...rest,
    get bound() {
      return bound;
    },
    get earlier() {
      return earlier;
    },
    async continueSource() {
      if (row.scope !== "" || earlier !== NOTHING_EARLIER) return;
      if (bound.source.shares !== undefined) return assertContinuing(bound);
      earlier = await readEarlier(world, row, bound);
      const source = (await bound.source.continueFrom?.(earlier.known())) ?? bound.source;
      bound = { ...bound, source };
    },
    run,
    confirm,
    splitter: formatByName(bound.plan.decode.format).splitter(bound.plan.decode),
    get columns() {
      return columns;
    },
    async keepColumns(found) {
      columns = { ...columns, ...found };
      await world.state.updateRun(row.id, { columns });
    },
    onCommitted: (sink, rows) => mirrorOf.get(sink)?.note(rows),
  };
}

/** The run is another process's now: this one has nothing more to say about it. */
function isFenced({ error }: Outcome): boolean {
  return error?.code === "FENCED";
}

async function sumUp(
  { recorder, world, figures, stops, bound }: RunBoundOptions,
  { row }: StartedRun,
  outcome: Outcome,
  durationMs: number,
  emit: Emit,
): Promise<RunSummary> {
  const { state, error } = outcome;
  const { retry } = bound.plan.job;
  const told = error === null ? null : { code: error.code, message: error.message };
  const summary = recorder.snapshot({ job: row.job, run: row.id, state, error: told, durationMs, process: figures() });
  const endedAt = new Date(world.clock.now()).toISOString();
  if (!isFenced(outcome)) {
    const end = { state, endedAt, summary: JSON.stringify(summary) };
    // The sinks are done: a store that is away just now must not make people run it again.
    const patience = { ...world, policy: retry, stage: "sink", emit } as const;
    await retrying(() => world.state.updateRun(row.id, end), patience, stops.kill);
  }
  const { read, written, filtered, rejected, folded, emitted } = summary;
  const bytes = Object.values(summary.sinks).reduce((sum, sink) => sum + sink.bytes, 0);
  const counts = { read, written, filtered, rejected, folded, emitted, bytes };
  const sinks = Object.values(summary.sinks);
  const several = sinks.length > 1 ? { sinks: summary.sinks } : {};
  emit({
    kind: "run-ended",
    state,
    durationMs,
    counts,
    ...several,
    message: error?.message ?? null,
    ...causesOf(error),
  });
  const nothing = sinks.every((sink) => sink.written === 0);
  if (error !== null && isUsage(error) && nothing) throw error;
  return summary;
}

/** Somebody has to change something before it can run at all, which is the same as a mistake in the job. */
function isUsage(error: MillraceError): boolean {
  return error.fault === "usage";
}
