/** `check --connect`: binds a job to its files and tables, says what was found, and lets go. Nothing is written. */
import type { Job } from "../config/job.ts";
import { placeError } from "../config/place-error.ts";
import { systemClock } from "../core/clock.ts";
import type { BoundSink } from "../core/ports/sink.ts";
import type { SplitPlan } from "../core/ports/source.ts";
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
    return [sourceLine(bound.source.label, bound.source.splits), ...Array.from(bound.sinks.values(), sinkLine)];
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

function sourceLine(label: string, splits: readonly SplitPlan[]): string {
  const bytes = splits.reduce((sum, split) => sum + (split.bytes ?? 0), 0);
  const [first] = splits;
  const fields = first?.fields === undefined ? "" : `, fields ${first.fields.join(", ")}`;
  return `${label}: ${formatCounted(splits.length, "split")}, ${formatSize(bytes)}${fields}`;
}

function sinkLine({ label, encode, known, keyless = false }: BoundSink): string {
  const columns = encode.columns?.map(({ name, type }) => (type === undefined ? name : `${name} ${type}`)) ?? known;
  const key = keyless ? "; it has no unique key, so rows that come in two runs stay there twice" : "";
  return columns === undefined ? label : `${label}: columns ${columns.join(", ")}${key}`;
}
