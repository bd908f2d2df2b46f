/** The beginning of a replay: which rejects it takes, and the run that it is. */
import type { Clock } from "../../core/clock.ts";
import { REPLAY_SCOPE, type RejectFilter } from "../../core/ports/reject-shelf.ts";
import type { BoundSink } from "../../core/ports/sink.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { newRunId, type Random } from "../../core/random.ts";
import { type Identity, newRow, REPLAY_PARAM, type StartedRun } from "../run-identity.ts";
import { pagesOf, type RejectPlace, type RejectPlaces } from "./reject-places.ts";

/** What a replay is begun with. */
export interface ReplayStart {
  readonly identity: Identity;
  readonly state: StateStore;
  readonly sinks: ReadonlyMap<string, BoundSink>;
  readonly clock: Clock;
  readonly random: Random;
}

const RUNS_LOOKED_AT = 1_000;

/**
 * The replay that never ended, if there is one; it goes on before another begins. One that only a sink remembers has lost
 * its state store; what it has taken is still taken.
 */
export async function unfinishedReplay(start: ReplayStart): Promise<StartedRun | null> {
  const { identity, state, sinks } = start;
  const rows = await state.listRuns({ job: identity.job, limit: RUNS_LOOKED_AT });
  const newest = rows.find(({ scope }) => scope.startsWith(REPLAY_SCOPE));
  if (newest !== undefined && newest.state !== "succeeded") {
    return { row: newest, resumed: true, isNew: false, replaces: null };
  }
  for (const sink of sinks.values()) {
    for (const { run, scope } of (await sink.unfinished?.(identity.job)) ?? []) {
      if (!scope.startsWith(REPLAY_SCOPE) || (await state.findRun(run)) !== undefined) continue;
      return { row: replayRow(start, run, null, null), resumed: true, isNew: true, replaces: null };
    }
  }
  return null;
}

/**
 * A new replay of what a filter means.
 *
 * @param columns the output columns of the run whose rejects they are, for sinks that add to what it wrote
 */
export function newReplay(start: ReplayStart, filter: RejectFilter, columns: RunRow["columns"]): StartedRun {
  const id = newRunId(start.clock.now(), start.random);
  return { row: replayRow(start, id, filter, columns), resumed: false, isNew: false, replaces: null };
}

function replayRow(
  { identity, sinks, clock }: ReplayStart,
  id: string,
  filter: RejectFilter | null,
  columns: RunRow["columns"],
): RunRow {
  const params = { ...identity.params, [REPLAY_PARAM]: JSON.stringify(filter) };
  const row = newRow({ ...identity, params }, { trigger: "replay" }, clock, { id, scope: REPLAY_SCOPE + id });
  // What stands beside rows with other columns must have the same; a table takes any.
  const kept = Object.entries(columns ?? {}).filter(([sink]) => sinks.get(sink)?.positions === "state");
  return kept.length === 0 ? row : { ...row, columns: Object.fromEntries(kept) };
}

/** The filter that a replay was begun with; null: it is not known any more. */
export function filterOf({ params }: RunRow): RejectFilter | null {
  const pairs = JSON.parse(params) as readonly (readonly [name: string, value: string])[];
  const [, text = "null"] = pairs.find(([name]) => name === REPLAY_PARAM) ?? [];
  return JSON.parse(text) as RejectFilter | null;
}

/** Takes what a filter means, in every place; again after a crash: what is taken in a place stays as it is. */
export async function takeAll(
  places: RejectPlaces,
  filter: RejectFilter,
  replay: string,
  sinks: ReadonlyMap<string, BoundSink>,
): Promise<void> {
  for (const place of places.all) {
    if (places.file === null) await takeOf(place, places, filter, replay, sinks);
    else await takeCopies(places, filter, replay);
  }
}

/** What is refused by a sink that the job has no more stays where it is. */
async function takeOf(
  { own }: RejectPlace,
  { shelfOf }: RejectPlaces,
  filter: RejectFilter,
  replay: string,
  sinks: ReadonlyMap<string, BoundSink>,
): Promise<void> {
  const meant = { ...filter, ...own };
  const shelf = shelfOf(own.sink ?? undefined);
  if (sinks.size === 1) return shelf.takeRejects(meant, replay);
  await shelf.takeRejects({ ...meant, sinks: [null, ...sinks.keys()] }, replay);
}

/** A file cannot say what is taken: what it holds is copied to where that can be said. */
async function takeCopies({ file, shelves }: RejectPlaces, filter: RejectFilter, replay: string): Promise<void> {
  const state = shelves.get("") as NonNullable<ReturnType<typeof shelves.get>>;
  const { job } = filter;
  for await (const page of file === null ? [] : pagesOf(file, filter)) {
    await state.settleRejects({
      job,
      unless: { replay, step: "taken" },
      put: page.map(({ id: _line, ...reject }) => reject),
    });
  }
  await state.takeRejects(filter, replay);
}
