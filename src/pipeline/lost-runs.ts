/**
 * Runs that a sink remembers and the state store does not: the store was lost, or another deployment uses the same name.
 * Either way nobody may begin anew without a word, for the rows of such a run are already there. SEMANTICS "Where
 * positions and rejects live".
 */
import { MillraceError } from "../core/errors.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { BoundSink, UnfinishedRun } from "../core/ports/sink.ts";
import type { StateStore } from "../core/ports/state-store.ts";

/** One such run. */
export interface LostRun extends UnfinishedRun {
  readonly sink: BoundSink;
}

/**
 * Asks every sink that keeps positions for unfinished runs of the job which the state store does not know. One that wrote
 * nothing is no loss: to begin anew doubles nothing.
 */
export async function findLostRuns(
  state: StateStore,
  job: string,
  sinks: Iterable<BoundSink>,
): Promise<readonly LostRun[]> {
  const lost: LostRun[] = [];
  for (const sink of sinks) {
    for (const unfinished of (await sink.unfinished?.(job)) ?? []) {
      // A replay is gone on with by what it has taken, which is there too.
      if (unfinished.scope.startsWith(REPLAY_SCOPE)) continue;
      if (unfinished.written > 0 && (await state.findRun(unfinished.run)) === undefined)
        lost.push({ ...unfinished, sink });
    }
  }
  return lost;
}

/** Why nothing begins while there are lost runs and nobody has said what to do about them. */
export function lostRunError(
  job: string,
  state: StateStore,
  { run, sink, startedAt, written }: LostRun,
): MillraceError {
  return new MillraceError(
    "STATE_LOST",
    `${job}: ${sink.label} holds ${written} records of run ${run} (begun ${startedAt}), which never ended and which ` +
      `${state.label} does not know: either that store was lost, or another deployment runs a job of this name into the ` +
      `same database. Go on with --resume ${run}, give it up with --restart, or keep the two apart with sink.stateSchema`,
  );
}
