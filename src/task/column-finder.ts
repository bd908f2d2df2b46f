/** Finds a sink's output columns by looking at a chunk's outputs before any is encoded. */
import type { RecordBatch } from "../core/ports/format.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Outputs held back until the columns are known.
 *
 * To encode them their record is read a second time, so that untouched fields can be told; a Date that was handed on
 * untouched is then replaced by the second reading's, since only the very same Date counts as untouched.
 */
export interface HeldOutcome {
  readonly outcome: Outcome;
  /** The record's fields as they were before the transform could change them. */
  readonly before: { readonly [field: string]: unknown };
}

/** Names of all the fields that any held output has, in the order in which they first appear. */
export function unionOfKeys(held: readonly (HeldOutcome | undefined)[]): readonly string[] {
  const keys = new Set<string>();
  for (const entry of held) {
    if (entry?.outcome.kind !== "outputs") continue;
    for (const output of entry.outcome.outputs) {
      if (isFields(output)) for (const key of Object.keys(output)) keys.add(key);
    }
  }
  return [...keys];
}

/** Holds an outcome of the record that `batch` has just read. */
export function fieldsBefore(record: unknown): { readonly [field: string]: unknown } {
  return isFields(record) ? { ...record } : {};
}

/** Reads the held record again and hands its untouched Dates to the outputs. */
export function rebind(held: HeldOutcome, batch: RecordBatch, record: number): Outcome {
  if (held.outcome.kind !== "outputs") return held.outcome;
  const again = batch.read(record);
  if (!("record" in again) || !isFields(again.record)) return held.outcome;
  const after = again.record;
  return { kind: "outputs", outputs: held.outcome.outputs.map((output) => withDatesOf(output, held.before, after)) };
}

function withDatesOf(output: unknown, before: HeldOutcome["before"], after: HeldOutcome["before"]): unknown {
  if (!isFields(output)) return output;
  const dates = Object.keys(output).filter((key) => {
    const value = output[key];
    const fresh = after[key];
    return (
      value instanceof Date && value === before[key] && fresh instanceof Date && fresh.getTime() === value.getTime()
    );
  });
  if (dates.length === 0) return output;
  return { ...output, ...Object.fromEntries(dates.map((key) => [key, after[key]])) };
}

function isFields(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
