/** A sink at work for one start of a run: claimed, its ledger open, its rejects' place known. */
import { placedInState, placedWithData, type Placement } from "../actors/placement.ts";
import { ProgressBook } from "../actors/progress-book.ts";
import { MillraceError } from "../core/errors.ts";
import type { BoundSink, Claim, Progress, RejectStore, SinkWriter } from "../core/ports/sink.ts";
import type { SplitPlan } from "../core/ports/source.ts";
import { originPosition } from "../core/position.ts";
import type { Execution } from "./execution.ts";

/** One sink of a flow. */
export interface OpenSink {
  readonly name: string;
  readonly bound: BoundSink;
  readonly writer: SinkWriter;
  readonly placement: Placement;
  readonly book: ProgressBook;
}

/**
 * Opens a sink and claims its splits: from here on an earlier owner's commits miss.
 *
 * @param rejects where rejects go when the job names a place
 * @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED, SOURCE_CHANGED
 */
export async function openSink(
  execution: Execution,
  name: string,
  bound: BoundSink,
  rejects: RejectStore | null,
  signal: AbortSignal,
): Promise<OpenSink> {
  const { row, resumed } = execution.run;
  const { state } = execution;
  const key = { job: row.job, scope: row.scope, sink: name };
  if (bound.resume === "restart") await state.forget(key);
  const writer = await bound.open({ ...key, run: row.id, signal, resumed: resumed && bound.resume === "position" });
  try {
    const claims = execution.bound.source.splits.map(claimOf);
    const rows = await (writer.claim?.(claims) ?? state.claim(key, claims));
    if (bound.resume === "restart") assertAtOrigin(name, rows);
    const placement = keepsPositions(writer) ? placedWithData(writer, rejects) : placedInState(state, key, rejects);
    if (resumed) assertAllThere(await placement.progress(), claims);
    await rejects?.resume(new Map(rows.map(({ split, position }) => [split, position.ordinal])));
    return { name, bound, writer, placement, book: new ProgressBook(rows) };
  } catch (thrown) {
    await writer[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What was forgotten a moment ago and has moved on since is another process's work: this one's output lacks it. */
function assertAtOrigin(sink: string, rows: readonly Progress[]): void {
  const moved = rows.find(({ position }) => position.ordinal > 0n);
  if (moved === undefined) return;
  throw new MillraceError(
    "FENCED",
    `sink ${sink}, split ${moved.split}: begun anew, but it stands at ordinal ${moved.position.ordinal}: another process works on this run`,
  );
}

function keepsPositions(writer: SinkWriter): writer is SinkWriter & Required<Pick<SinkWriter, "progress">> {
  return writer.progress !== undefined;
}

function claimOf(split: SplitPlan): Claim {
  return {
    split: split.id,
    origin: originPosition(split.origin, split.originLine),
    ...(split.fingerprint === undefined ? {} : { fingerprint: split.fingerprint }),
  };
}

/** What an unfinished run had begun to read has to be there still, or records would be missing without a word. */
function assertAllThere(rows: readonly Progress[], claims: readonly Claim[]): void {
  const there = new Set(claims.map(({ split }) => split));
  const gone = rows.find(({ split }) => !there.has(split));
  if (gone === undefined) return;
  throw new MillraceError(
    "SOURCE_CHANGED",
    `${gone.split} belongs to the unfinished run and is no longer there; put it back, or begin anew with --restart`,
  );
}
