/**
 * Runs that a sink remembers and the state store does not: the store was lost, or another deployment uses the same name.
 * Either way nobody may begin anew without a word, for the rows of such a run are already there. SEMANTICS "Where
 * positions and rejects live".
 */
import { MillraceError } from "../core/errors.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { BoundSink, UnfinishedRun } from "../core/ports/sink.ts";
import type { BoundSource } from "../core/ports/source.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { isOtherSource } from "./source-identity.ts";

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
      // An incremental job's splits come and go; its source itself tells which of them it knows.
      const isForeign = unfinished.scope !== "" && (await isOtherSource(unfinished.seen ?? [], source));
      lost.push({ ...unfinished, sink, isForeign });
    }
  }
  return lost;
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
