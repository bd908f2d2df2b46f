/** Runs a job's rejects again: a run like any other, whose source is their bytes. */
import { retrying } from "../../actors/outage.ts";
import type { Job } from "../../config/job.ts";
import { MillraceError } from "../../core/errors.ts";
import type { RunRow } from "../../core/ports/state-store.ts";
import type { BoundSink } from "../../core/ports/sink.ts";
import type { RunSummary } from "../../core/summary.ts";
import { ProcessMeter } from "../../observability/process-meter.ts";
import type { Plan } from "../describe.ts";
import { openSession } from "../job-session.ts";
import type { World } from "../execution.ts";
import { progressOf } from "../prepare-run.ts";
import { processWorld } from "../process-world.ts";
import { assertModuleExists, type BoundPlan, resolveSinks, type ResolveContext } from "../resolve.ts";
import { runBound } from "../run-bound.ts";
import type { StartedRun } from "../run-identity.ts";
import type { RunJobOptions } from "../run-options.ts";
import { fieldNames } from "./field-names.ts";
import { placesOf, type RejectPlaces } from "./reject-places.ts";
import { meantBy, newestRun, type RejectWish } from "./reject-wish.ts";
import { replaySource } from "./replay-source.ts";
import { type ReplaySplit, replaySplits } from "./replay-split.ts";
import { settle } from "./settle.ts";
import { filterOf, newReplay, type ReplayStart, takeAll, unfinishedReplay } from "./take.ts";

/** How a replay may be asked for. */
export interface ReplayOptions
  extends RejectWish,
    Omit<RunJobOptions, "restart" | "keepWritten" | "resume" | "acceptRejects" | "limit" | "dryRun" | "trigger"> {}

/** No run has such an identity: a replay and a run of the job may work at the same time. */
const LEASE_SCOPE = "@replay";

/**
 * Reads the rejects' bytes through today's columns and transform into the job's sinks. A record that one sink alone
 * refused goes to that sink alone. What goes through is no reject any more; what is refused again stays, with one more
 * attempt. A replay that never ended goes on first, whatever is wished for.
 *
 * @returns null where there is nothing to try again
 * @throws MillraceError as `runJob`; SOURCE_NOT_FOUND when the fields of rejects are named in a header that is gone
 */
export async function replayRejects(given: Job, options: ReplayOptions = {}): Promise<RunSummary | null> {
  await using opened = new AsyncDisposableStack();
  const session = await openSession(given, options, () => LEASE_SCOPE, opened);
  const { plan, state, clock, random, recorder, observers, patience, stops } = session;
  await assertModuleExists(plan);
  const context = { clock, signal: stops.graceful };
  const sinks = await retrying(() => resolveSinks(plan, context, opened), patience, stops.graceful);
  const { scope: _shared, ...identity } = session.identity;
  const start: ReplayStart = { identity, state, sinks, clock, random };
  const places = placesOf(plan, sinks, state);
  const run = (await unfinishedReplay(start)) ?? (await beginReplay(start, places, options));
  if (run === null) return null;
  const world = processWorld(plan.job, { clock, random, state }, options.memoryBytes);
  const splits = await takenSplits(world, run, places, sinks);
  const source = await sourceOf(plan, run, splits, context);
  using meter = new ProcessMeter();
  return await runBound({
    bound: boundPlan(plan, source, sinks, splits),
    identity,
    wish: { restart: false, keepWritten: false, resume: null, acceptRejects: true, trigger: "replay", run },
    world,
    stops,
    recorder,
    observers,
    figures: () => meter.figures(),
    settle: () =>
      settle({ job: plan.job.name, replay: run.row.id, scope: run.row.scope, places, splits: splits.taken }),
  });
}

/** Chooses what is to be tried again, and writes the run down before anything is taken. */
async function beginReplay(start: ReplayStart, places: RejectPlaces, wish: RejectWish): Promise<StartedRun | null> {
  const { identity, state } = start;
  const { filter } = await meantBy(state, identity.job, wish);
  const found = await Promise.all(places.all.map(({ reader, own }) => reader.groupRejects({ ...filter, ...own })));
  if (found.every((causes) => causes.length === 0)) return null;
  const newest = await newestRun(state, identity.job);
  const meant = wish.run === undefined || wish.run === "all" ? newest : ((await state.findRun(wish.run)) ?? null);
  assertEnded(meant, start.sinks);
  const run = newReplay(start, filter, newest?.columns ?? null);
  await state.createRun(run.row);
  return run;
}

/** What an unfinished run is going to show takes the place of all before, and so of what a replay has added. */
function assertEnded(run: RunRow | null, sinks: ReadonlyMap<string, BoundSink>): void {
  const replaced = [...sinks.values()].find(({ appends }) => !appends);
  if (run === null || run.state === "succeeded" || replaced === undefined) return;
  throw new MillraceError(
    "USAGE",
    `rejects replay: run ${run.id} has not succeeded (${run.state}), and what it shows in the end takes the place of ` +
      `${replaced.label}: run the job to its end first`,
  );
}

/** The splits of a replay, with those that an earlier process had begun and maybe settled. */
interface TakenSplits {
  readonly taken: readonly ReplaySplit[];
  readonly begun: ReadonlyMap<string, readonly string[]>;
}

async function takenSplits(
  world: World,
  run: StartedRun,
  places: RejectPlaces,
  sinks: ReadonlyMap<string, BoundSink>,
): Promise<TakenSplits> {
  const { id: replay, job } = run.row;
  const begun = new Map<string, readonly string[]>();
  for (const [name, sink] of run.resumed ? sinks : []) {
    const rows = await progressOf(world, run.row, name, sink);
    if (rows.length > 0)
      begun.set(
        name,
        rows.map(({ split }) => split),
      );
  }
  const filter = filterOf(run.row);
  // Once it has positions, what it has taken stays as it is.
  if (begun.size === 0 && filter !== null) await takeAll(places, filter, replay, sinks);
  return { taken: await replaySplits(places, { job, replay, several: sinks.size > 1 }), begun };
}

/** Only the sinks that lack something. */
function boundPlan(
  plan: Plan,
  source: BoundPlan["source"],
  sinks: ReadonlyMap<string, BoundSink>,
  { taken, begun }: TakenSplits,
): BoundPlan {
  const lacking = [...sinks].filter(([name]) => begun.has(name) || taken.some(({ sink = name }) => sink === name));
  return {
    plan: { ...plan, rejects: null },
    source,
    sinks: new Map(lacking),
    openRejects: () => Promise.resolve(null),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

async function sourceOf(
  plan: Plan,
  { row }: StartedRun,
  { taken, begun }: TakenSplits,
  context: ResolveContext,
): Promise<BoundPlan["source"]> {
  return replaySource({
    job: row.job,
    replay: row.id,
    splits: taken,
    settled: [...new Set([...begun.values()].flat())],
    fields: await fieldNames(
      plan,
      taken.map(({ split }) => split),
      context,
    ),
  });
}
