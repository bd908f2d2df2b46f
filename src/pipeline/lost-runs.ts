/**
 * Runs that a sink remembers and the state store does not: the store was lost, or another deployment uses the same name.
 * Either way nobody may begin anew without a word, for the rows of such a run are already there. SEMANTICS "Where
 * positions and rejects live".
 */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { BoundSink, SeenSplit, UnfinishedRun } from "../core/ports/sink.ts";
import type { BoundSource } from "../core/ports/source.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { originPosition } from "../core/position.ts";

/** One such run. */
export interface LostRun extends UnfinishedRun {
  readonly sink: BoundSink;
  /** It read another source than there is now: nobody here can go on with it. */
  readonly isForeign: boolean;
}

/**
 * Asks every sink that keeps positions for unfinished runs of the job which the state store does not know. One that wrote
 * nothing is no loss: to begin anew doubles nothing.
 */
export async function findLostRuns(
  state: StateStore,
  job: string,
  { source, sinks }: { readonly source: BoundSource; readonly sinks: ReadonlyMap<string, BoundSink> },
): Promise<readonly LostRun[]> {
  const lost: LostRun[] = [];
  for (const sink of sinks.values()) {
    for (const unfinished of (await sink.unfinished?.(job)) ?? []) {
      // A replay is gone on with by what it has taken, which is there too.
      if (unfinished.scope.startsWith(REPLAY_SCOPE)) continue;
      if (unfinished.written === 0 || (await state.findRun(unfinished.run)) !== undefined) continue;
      lost.push({ ...unfinished, sink, isForeign: await isForeign(unfinished, source) });
    }
  }
  return lost;
}

/** An incremental job's splits come and go; its source itself tells which of them it knows. */
async function isForeign({ scope, seen = [] }: UnfinishedRun, source: BoundSource): Promise<boolean> {
  if (scope === "" || seen.length === 0) return false;
  for (const one of seen) if (await isThere(one, source)) return false;
  return true;
}

/** Whether a split is still what it was: opening it as such tells. */
async function isThere({ split: id, fingerprint }: SeenSplit, source: BoundSource): Promise<boolean> {
  const split = source.splits.find((candidate) => candidate.id === id);
  if (split === undefined) return false;
  const { origin, originLine } = split;
  try {
    const opening = source.open(
      { ...split, fingerprint },
      originPosition(origin, originLine),
      new AbortController().signal,
    );
    await using _reader = await opening;
    return true;
  } catch (thrown) {
    // Whatever else keeps it from being read will be told when it is read.
    return !isMillraceError(thrown, "SOURCE_CHANGED");
  }
}

/** Why nothing begins while there are lost runs and nobody has said what to do about them. */
export function lostRunError(
  job: string,
  state: StateStore,
  { run, sink, startedAt, written, isForeign: foreign }: LostRun,
): MillraceError {
  const held =
    `${job}: ${sink.label} holds ${written} records of run ${run} (begun ${startedAt}), which never ended and which ` +
    state.label;
  const why = foreign
    ? " does not know, and it read another source than there is here: another deployment runs a job of this name into " +
      "the same database. Keep the two apart with sink.stateSchema; only if that run was this job's own and its source " +
      "was replaced, give it up with --restart"
    : " does not know: either that store was lost, or another deployment runs a job of this name into the same " +
      `database. Go on with --resume ${run}, give it up with --restart, or keep the two apart with sink.stateSchema`;
  return new MillraceError("STATE_LOST", held + why);
}
