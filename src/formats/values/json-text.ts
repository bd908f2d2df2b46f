/** Values as JSON text; unlike JSON.stringify it loses nothing silently. */
import { MillraceError } from "../../core/errors.ts";
import { MAX_JSON_DEPTH } from "./json-depth.ts";
import { isoText } from "./iso-text.ts";

/**
 * `value` as JSON on one line: bigint as digits, Date as ISO text, bytes as base64; whatever has a `toJSON` is asked.
 * Undefined is left out of objects and becomes null in arrays.
 *
 * @param column told in errors
 * @throws MillraceError VALUE_INVALID for NaN, infinities, functions, symbols, maps and sets
 * @throws MillraceError JSON_TOO_DEEP beyond {@link MAX_JSON_DEPTH}, which a value inside itself is too
 */
export function jsonText(value: unknown, column: string): string {
  return write(value, column, 0) ?? "null";
}

/** @returns undefined for undefined */
function write(value: unknown, column: string, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      if (!Number.isFinite(value)) throw unwritable(column, `${value} has no JSON notation; use null`);
      return `${value}`;
    case "bigint":
    case "boolean":
      return `${value}`;
    case "object":
      return value === null ? "null" : writeObject(value, column, depth + 1);
    case "undefined":
      return undefined;
    default:
      throw unwritable(column, `a ${typeof value} cannot be written`);
  }
}

function writeObject(value: object, column: string, depth: number): string | undefined {
  if (depth > MAX_JSON_DEPTH) {
    const where = `column "${column}": the value nests deeper than ${MAX_JSON_DEPTH} levels`;
    throw new MillraceError("JSON_TOO_DEEP", `${where}, or it contains itself`);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item, column, depth) ?? "null").join(",")}]`;
  if (value instanceof Date) return `"${isoText(validInstant(value, column))}"`;
  if (value instanceof Uint8Array) return `"${base64Text(value)}"`;
  if ("toJSON" in value && typeof value.toJSON === "function") return write(value.toJSON(), column, depth);
  if (value instanceof Map || value instanceof Set) {
    throw unwritable(column, "a Map or Set has no JSON notation; use Object.fromEntries or an array");
  }
  return writeFields(value as Readonly<Record<string, unknown>>, column, depth);
}

function writeFields(fields: Readonly<Record<string, unknown>>, column: string, depth: number): string {
  let text = "";
  for (const key of Object.keys(fields)) {
    const field = write(fields[key], column, depth);
    if (field !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${field}`;
  }
  return `{${text}}`;
}

/** The milliseconds of a Date. @throws MillraceError VALUE_INVALID when it holds none */
export function validInstant(date: Date, column: string): number {
  const instant = date.getTime();
  if (Number.isNaN(instant)) throw unwritable(column, "the Date is invalid; check how it was made");
  return instant;
}

/** Bytes, also those in shared memory, as base64. */
export function base64Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** The fault of a value that a sink cannot hold. */
export function unwritable(column: string, why: string): MillraceError {
  return new MillraceError("VALUE_INVALID", `column "${column}": ${why}`);
}
