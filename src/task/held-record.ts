/**
 * Records that are held while others are read: by modes that see many at once, and where output columns are to be found.
 *
 * To encode its outputs a held record is read a second time, so that untouched fields can be told. A Date or JSON value
 * that was handed on as it came is then replaced by the second reading's, since only the very same object counts as
 * untouched; so is the record itself.
 */
import { Buffer } from "node:buffer";
import type { RecordBatch } from "../core/ports/format.ts";
import type { Outcome } from "./outcome.ts";

type Fields = { readonly [field: string]: unknown };

/** A record as it was read. */
export interface HeldRecord {
  /** Its number in the chunk. */
  readonly record: number;
  /** What the decoder gave. */
  readonly raw: unknown;
  /** What the transform is given: the same, or what the schema made of it. */
  readonly input: unknown;
  /** Those of its fields that are objects, as they were before the transform could put others in their place. */
  readonly objects: Fields | null;
}

/** The object fields of a record; null when there are none, as of most. */
export function objectsOf(raw: unknown): Fields | null {
  if (!isFields(raw)) return null;
  let objects: { [field: string]: unknown } | null = null;
  for (const key of Object.keys(raw)) {
    const value = raw[key];
    if (typeof value === "object" && value !== null) (objects ??= Object.create(null))[key] = value;
  }
  return objects;
}

/** Reads a held record again and hands its untouched objects to the outputs. */
export function rebind(outcome: Outcome, held: HeldRecord, batch: RecordBatch): Outcome {
  if (outcome.kind !== "outputs") return outcome;
  const again = batch.read(held.record);
  if ("fault" in again) return outcome;
  const { record: fresh } = again;
  return { ...outcome, outputs: outcome.outputs.map((output) => rebound(output, held, fresh)) };
}

function rebound(output: unknown, { raw, objects }: HeldRecord, fresh: unknown): unknown {
  if (!isFields(output) || !isFields(fresh)) return output === raw && isSame(output, fresh) ? fresh : output;
  if (!isPlain(output, fresh)) return output;
  const current = objects === null ? output : withFresh(output, objects, fresh);
  return output === raw && haveSameFields(current, fresh) ? fresh : current;
}

/** The same output, with those of the record's objects that it still holds unchanged taken from the second reading. */
function withFresh(output: Fields, objects: Fields, fresh: Fields): Fields {
  const kept = Object.keys(objects).filter(
    (key) => Object.hasOwn(output, key) && output[key] === objects[key] && isSame(output[key], fresh[key]),
  );
  if (kept.length === 0) return output;
  return { ...output, ...Object.fromEntries(kept.map((key) => [key, fresh[key]])) };
}

function haveSameFields(output: Fields, fresh: Fields): boolean {
  const keys = Object.keys(output);
  const names = Object.keys(fresh);
  return keys.length === names.length && keys.every((key, i) => key === names[i] && Object.is(output[key], fresh[key]));
}

/** Whether an output is its fields and nothing else, such as a class with a `toJSON` of its own. */
function isPlain(output: Fields, fresh: Fields): boolean {
  const prototype: unknown = Object.getPrototypeOf(output);
  return prototype === Object.prototype || prototype === null || prototype === Object.getPrototypeOf(fresh);
}

/** Whether two readings of a value have the same content. */
export function isSame(value: unknown, fresh: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, fresh);
  if (value instanceof Date) return fresh instanceof Date && value.getTime() === fresh.getTime();
  if (value instanceof Uint8Array) return fresh instanceof Uint8Array && Buffer.compare(value, fresh) === 0;
  try {
    return JSON.stringify(value) === JSON.stringify(fresh);
  } catch {
    return false; // a cycle or a bigint that the transform put in
  }
}

/** Whether a record has fields. */
export function isFields(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date) && !ArrayBuffer.isView(value);
}
