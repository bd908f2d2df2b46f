/** Tells the observers what is about to run and where it goes on. */
import path from "node:path";
import { NOTHING_EARLIER } from "./earlier.ts";
import { isEndless } from "../config/job.ts";
import type { BoundSource } from "../core/ports/source.ts";
import type { Execution } from "./execution.ts";
import type { OpenSink } from "./place-sinks.ts";

/** A run of a live source begins before it has anything to read: it may have to wait long for a share. */
export function announceLive(execution: Execution): void {
  announceRun(execution, execution.bound.source, []);
}

/** Once for every flow: its sinks; for the first one the run itself, too, where that is not told yet. */
export function announce(execution: Execution, source: BoundSource, sinks: readonly OpenSink[], first: boolean): void {
  if (first && execution.bound.source.shares === undefined) announceRun(execution, source, sinks);
  for (const { name, book } of sinks) execution.emit({ kind: "sink-opened", sink: name, counts: book.total });
}

function announceRun(
  { bound, run, threads, emit, earlier }: Execution,
  { label, splits }: BoundSource,
  sinks: readonly OpenSink[],
): void {
  const known = new Map(earlier.known().map(({ id, token }) => [id, token]));
  const sizes = splits.map(({ id, bytes, origin }) =>
    bytes === undefined ? undefined : bytes - (Number(known.get(id) ?? origin) || 0),
  );
  const { row } = run;
  emit({
    kind: "run-started",
    source: label,
    sinks: Object.fromEntries(Array.from(bound.sinks, ([name, sink]) => [name, sink.label])),
    transform: bound.plan.transform === null ? null : path.basename(bound.plan.transform.module),
    totalBytes:
      bound.source.shares === undefined && sizes.every((size) => size !== undefined)
        ? sizes.reduce((sum, size) => sum + size, 0)
        : null,
    splits: splits.length,
    ...(isEndless(bound.plan.job.source) && { endless: true }),
    threads,
    trigger: row.trigger,
    slot: row.slot,
    resumed: run.resumed ? resumedAt(sinks, earlier === NOTHING_EARLIER) : null,
  });
}

/**
 * The furthest split that was begun, and what was committed of all, by the sink that is furthest behind.
 *
 * @param whole whether what was committed is a part of the run's total
 */
function resumedAt(
  sinks: readonly OpenSink[],
  whole: boolean,
): { split: string; token: string; read: number; bytes: number } | null {
  const [book] = sinks.map((sink) => sink.book).toSorted((a, b) => a.total.read - b.total.read);
  if (book === undefined) return null;
  const { rows, total } = book;
  const begun = rows.filter(({ position }) => position.ordinal > 0n).toSorted((a, b) => (a.split < b.split ? -1 : 1));
  const at = begun.at(-1) ?? rows[0];
  if (at === undefined) return null;
  const bytes = whole ? begun.reduce((sum, { position }) => sum + (Number(position.token) || 0), 0) : 0;
  return { split: at.split, token: at.position.token, read: total.read, bytes };
}
