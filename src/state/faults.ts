/** The refusals that every state store words alike. */
import { MillraceError } from "../core/errors.ts";
import type { Advance, Progress } from "../core/ports/sink.ts";
import type { ProgressKey } from "../core/position.ts";

/** The compare of a commit missed. */
export function fenced(key: ProgressKey, { split, epoch, from }: Advance, found: Progress | undefined): MillraceError {
  const where = `job ${key.job}, sink ${key.sink}, split ${split}`;
  const stored =
    found === undefined ? "nothing is stored" : `epoch ${found.epoch}, ordinal ${found.position.ordinal} is stored`;
  return new MillraceError(
    "FENCED",
    `${where}: expected epoch ${epoch}, ordinal ${from}, but ${stored}: another process owns this split now and ` +
      "nothing was changed; this run has to stop",
    // Ordinals as text: details end in JSON, which has no bigint.
    { details: { ...key, split, epoch, from: String(from), found: stored } },
  );
}

/** What a sink keeps was to be changed by somebody who does not own its splits any more. */
export function wordsFenced(key: ProgressKey, split: string, epoch: number, found: number | undefined): MillraceError {
  const stored = found === undefined ? "nothing is stored" : `epoch ${found} is stored`;
  return new MillraceError(
    "FENCED",
    `job ${key.job}, sink ${key.sink}, split ${split}: expected epoch ${epoch}, but ${stored}: another process owns this ` +
      "sink now and nothing was changed; this run has to stop",
    { details: { ...key, split, epoch, found: stored } },
  );
}

/** Two runs of one id. */
export function runExists(id: string): MillraceError {
  return new MillraceError("INVARIANT", `run ${id} is stored already`, { details: { run: id } });
}

/** No run of that id. */
export function runUnknown(id: string): MillraceError {
  return new MillraceError("RUN_NOT_FOUND", `the state store holds no run ${id}; see \`millrace runs\``, {
    details: { run: id },
  });
}

/** What a run that has succeeded left is not for a process that was superseded to clear away. */
export function runIsOver(id: string): MillraceError {
  return new MillraceError("FENCED", `run ${id} has succeeded already in another process; this one has to stop`, {
    details: { run: id },
  });
}

/** A use after the end. */
export function storeClosed(label: string): MillraceError {
  return new MillraceError("CLOSED", `${label} was closed`);
}
