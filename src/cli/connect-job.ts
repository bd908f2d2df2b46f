/** `check --connect`: binds a job to its files and tables, says what was found, and lets go. Nothing is written. */
import { isLive, type Job } from "../config/job.ts";
import { placeError } from "../config/place-error.ts";
import { systemClock } from "../core/clock.ts";
import type { BoundSink } from "../core/ports/sink.ts";
import type { BoundSource, SharesPreview, SplitPlan } from "../core/ports/source.ts";
import { formatCounted, formatSize } from "../observability/figures.ts";
import { describe } from "../pipeline/describe.ts";
import { resolve } from "../pipeline/resolve.ts";

/**
 * What a job finds out there, a line for the source and one for each sink.
 *
 * @throws MillraceError whatever a run would meet before its first record
 */
export async function connectJob(job: Job): Promise<string[]> {
  try {
    await using bound = await resolve(describe(job), { clock: systemClock });
    const { source } = bound;
    const found = await sourceLine(source);
    const live = isLive(job.source);
    return [found, ...Array.from(bound.sinks.values(), (sink) => sinkLine(sink, live))];
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

async function sourceLine(source: BoundSource): Promise<string> {
  const { label, splits, shares } = source;
  const shared = await shares?.preview?.();
  if (shared !== undefined) return sharesLine(label, shared);
  const found = await source.look?.(new AbortController().signal);
  return `${label}: ${found ?? describeSplits(splits)}`;
}

function describeSplits(splits: readonly SplitPlan[]): string {
  const bytes = splits.reduce((sum, split) => sum + (split.bytes ?? 0), 0);
  const [first] = splits;
  const fields = first?.fields === undefined ? "" : `, fields ${first.fields.join(", ")}`;
  return `${formatCounted(splits.length, "split")}, ${formatSize(bytes)}${fields}`;
}

/** What is shared out among processes, whoever has it now. */
function sharesLine(label: string, { parts, begins, records }: SharesPreview): string {
  const [only, ...others] = parts;
  const splits = (count: number): string => formatCounted(count, "partition");
  const found =
    only !== undefined && others.length === 0
      ? `${only.name} has ${splits(only.splits)}`
      : parts.map((part) => `${part.name} ${splits(part.splits)}`).join(", ");
  return `${label}: ${found}; a new job begins at ${begins}, ${formatCounted(records, "message")} before the end`;
}

/** Whose source is live goes on where it was, and reads nothing in two runs. */
function sinkLine({ label, encode, known, found, keyless = false }: BoundSink, live: boolean): string {
  const columns = encode.columns?.map(({ name, type }) => (type === undefined ? name : `${name} ${type}`)) ?? known;
  const facts = [found, columns && `columns ${columns.join(", ")}`].filter((fact) => fact !== undefined);
  const key = keyless && !live ? "; it has no unique key, so rows that come in two runs stay there twice" : "";
  return facts.length === 0 ? label : `${label}: ${facts.join(", ")}${columns === undefined ? "" : key}`;
}
