/** A replay whose job is held and whose sinks have looked at the world. Knows no real clock, thread or server. */
import { MillraceError } from "../../core/errors.ts";
import type { BoundSink } from "../../core/ports/sink.ts";
import type { RunRow } from "../../core/ports/state-store.ts";
import type { RunSummary } from "../../core/summary.ts";
import type { Plan } from "../describe.ts";
import type { World } from "../execution.ts";
import { progressOf } from "../prepare-run.ts";
import type { BoundPlan } from "../resolve.ts";
import { runBound, type RunBoundOptions } from "../run-bound.ts";
import type { StartedRun } from "../run-identity.ts";
import type { RejectPlaces } from "./reject-places.ts";
import { meantBy, newestRun, type RejectWish } from "./reject-wish.ts";
import { replaySource } from "./replay-source.ts";
import { type ReplaySplit, replaySplits } from "./replay-split.ts";
import { settle } from "./settle.ts";
import { filterOf, newReplay, type ReplayStart, takeAll, unfinishedReplay } from "./take.ts";

/** What {@link replayBound} needs. */
export interface ReplayBoundOptions
  extends Pick<RunBoundOptions, "identity" | "world" | "stops" | "recorder" | "observers" | "figures"> {
  readonly plan: Plan;
  readonly sinks: ReadonlyMap<string, BoundSink>;
  readonly places: RejectPlaces;
  readonly wish: RejectWish;
  /** Names of the fields of these splits of the real source, where only the source knows them. */
  readonly fieldsOf: (splits: readonly string[]) => Promise<(split: string) => readonly string[] | undefined>;
}

/**
 * Replays once.
 *
 * @returns null where there is nothing to try again
 * @throws MillraceError as `runBound`; USAGE where a sink cannot add to what it shows
 */
export async function replayBound(options: ReplayBoundOptions): Promise<RunSummary | null> {
  const { plan, sinks, places, identity, world, stops, recorder, observers, figures, fieldsOf } = options;
  assertGoOn(sinks);
  const start: ReplayStart = { ...world, identity, sinks };
  const run = (await unfinishedReplay(start)) ?? (await beginReplay(start, places, options.wish));
  if (run === null) return null;
  const splits = await takenSplits(world, run, places, sinks);
  const { taken, begun } = splits;
  if (taken.length === 0 && begun.size === 0) return await endEmpty(world, run.row);
  const source = replaySource({
    job: run.row.job,
    replay: run.row.id,
    splits: taken,
    begun: sinksBySplit(begun),
    fields: await fieldsOf(taken.map(({ split }) => split)),
  });
  return await runBound({
    bound: boundPlan(plan, source, sinks, splits),
    identity,
    wish: { restart: false, keepWritten: false, resume: null, acceptRejects: true, trigger: "replay", run },
    world,
    stops,
    recorder,
    observers,
    figures,
    settle: () => settle({ job: plan.job.name, replay: run.row.id, scope: run.row.scope, places, splits: taken }),
  });
}

/** What was to be tried again went away before it was taken: there is nothing to run. */
async function endEmpty({ state, clock }: World, { id }: RunRow): Promise<null> {
  await state.updateRun(id, { state: "succeeded", endedAt: new Date(clock.now()).toISOString() });
  return null;
}

function sinksBySplit(splitsOf: TakenSplits["begun"]): ReadonlyMap<string, readonly string[]> {
  const sinks = new Map<string, string[]>();
  for (const [sink, splits] of splitsOf) {
    for (const split of splits) sinks.set(split, [...(sinks.get(split) ?? []), sink]);
  }
  return sinks;
}

/** What a sink begins anew after a crash it cannot tell from what it had added before. */
function assertGoOn(sinks: ReadonlyMap<string, BoundSink>): void {
  const anew = [...sinks.values()].find(({ resume }) => resume === "restart");
  if (anew === undefined) return;
  throw new MillraceError(
    "USAGE",
    `rejects replay: ${anew.label} begins its output anew with every run, so nothing can be added to it; run the whole ` +
      "job again",
  );
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
  const replaced = [...sinks.values()].find(({ appends, repeatable = false }) => !appends && !repeatable);
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
  const filter = filterOf(run.row);
  const none: TakenSplits["begun"] = new Map();
  const begun = run.resumed ? await begunSplits(world, run, sinks) : none;
  // Once it has positions, what it has taken stays as it is.
  if (begun.size === 0 && filter !== null) await takeAll(places, filter, replay, sinks);
  const taken = await replaySplits(places, { job, replay, several: sinks.size > 1 });
  if (taken.length > 0 || begun.size > 0) return { taken, begun };
  // Whoever slept in here may have been taken over by a process that has settled everything since.
  return { taken, begun: await begunSplits(world, run, sinks) };
}

/** The splits that have a position, by sink. */
async function begunSplits(
  world: World,
  run: StartedRun,
  sinks: ReadonlyMap<string, BoundSink>,
): Promise<TakenSplits["begun"]> {
  const begun = new Map<string, readonly string[]>();
  for (const [name, sink] of sinks) {
    const rows = await progressOf(world, run.row, name, sink);
    const splits = rows.map(({ split }) => split);
    if (splits.length > 0) begun.set(name, splits);
  }
  return begun;
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
