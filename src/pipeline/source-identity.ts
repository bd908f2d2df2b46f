/** Tells whose run it is by what it has read: two deployments may use the same name for a job. */
import { isMillraceError, MillraceError } from "../core/errors.ts";
import { REPLAY_SCOPE } from "../core/ports/reject-shelf.ts";
import type { SeenSplit } from "../core/ports/sink.ts";
import type { BoundSource } from "../core/ports/source.ts";
import { originPosition } from "../core/position.ts";
import type { StartedRun } from "./run-identity.ts";

/** One split that is the same tells that the source is: of many, a few are kept. */
const MOST_KEPT = 10;

/** A run with what tells its source, as it begins; one that goes on keeps what it began with. */
export function withSource(run: StartedRun, { splits }: BoundSource): StartedRun {
  const kept = splits.flatMap(({ id, fingerprint }) => (fingerprint === undefined ? [] : [{ split: id, fingerprint }]));
  if (!run.isNew || kept.length === 0) return run;
  return { ...run, row: { ...run.row, fingerprint: JSON.stringify(kept.slice(0, MOST_KEPT)) } };
}

/** The source with the splits that a run began with, where they are planned anew at each look. */
export function asPlanned({ row, isNew }: StartedRun, source: BoundSource): BoundSource {
  if (isNew || row.fingerprint === null || source.asPlanned === undefined) return source;
  return source.asPlanned(JSON.parse(row.fingerprint) as readonly SeenSplit[]);
}

/**
 * Holds a run that goes on to its source before anything new of another one is read for it. Where there is nothing new,
 * each split is held to what it was when it is opened, which tells more.
 *
 * @throws MillraceError SOURCE_CHANGED when nothing of what it began with is here
 */
export async function assertOwnSource({ row, isNew }: StartedRun, source: BoundSource): Promise<void> {
  const { id, scope, fingerprint } = row;
  if (isNew || fingerprint === null || scope === "" || scope.startsWith(REPLAY_SCOPE)) return;
  const seen = JSON.parse(fingerprint) as readonly SeenSplit[];
  const known = new Set(seen.map(({ split }) => split));
  if (source.splits.every((split) => known.has(split.id)) || !(await isOtherSource(seen, source))) return;
  throw new MillraceError(
    "SOURCE_CHANGED",
    `run ${id} read another source: nothing of what it began with (${[...known].join(", ")}) is here as it was. If another ` +
      "deployment runs a job of this name on the same state store, give each its own; if the source was replaced, begin " +
      "anew with --restart",
  );
}

/** Whether nothing of what was seen is here as it was; of no fingerprints nobody can tell. */
export async function isOtherSource(seen: readonly SeenSplit[], source: BoundSource): Promise<boolean> {
  for (const one of seen) if (await isThere(one, source)) return false;
  return seen.length > 0;
}

/** Whether a split is still what it was: opening it as such tells. */
async function isThere({ split: id, fingerprint }: SeenSplit, source: BoundSource): Promise<boolean> {
  const split = source.splits.find((candidate) => candidate.id === id);
  if (split === undefined) return false;
  const { signal } = new AbortController();
  try {
    const begin = originPosition(split.origin, split.originLine);
    await using _reader = await source.open({ ...split, fingerprint }, begin, signal);
    return true;
  } catch (thrown) {
    // Whatever else keeps it from being read will be told when it is read.
    return !isMillraceError(thrown, "SOURCE_CHANGED");
  }
}
