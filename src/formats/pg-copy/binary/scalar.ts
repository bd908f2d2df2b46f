/** A value that is no array, by itself: a field's or an element's. */
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import { putByte, putCopy } from "../../put-bytes.ts";
import { jsonText, validInstant } from "../../values/json-text.ts";
import { valueText } from "../../values/write-text.ts";
import {
  type BinaryColumn,
  type BinaryType,
  isTextual,
  type ParsedType,
  READ_ROOM,
  type TextualType,
} from "./binary-type.ts";
import { bytea } from "./bytea.ts";
import { readText } from "./stage.ts";
import { putText } from "./textual.ts";

/**
 * Writes a value that is neither null nor undefined, without its length.
 *
 * @returns false when only the server can tell what it would read; a part may then be written
 * @throws MillraceError VALUE_INVALID for what COPY text cannot write either
 */
export function putScalar(to: ByteWriter, value: unknown, { name, kind, type }: BinaryColumn): boolean {
  if (typeof value === "string") return putString(to, value, type);
  if (isTextual(type)) {
    const text = kind.family === "json" ? jsonText(value, name) : valueText(value, name, "postgres");
    return putString(to, text, type);
  }
  if (value instanceof Date && type.putInstant !== undefined) {
    return putInstant(to, type, validInstant(value, name), 0);
  }
  return putDirect(to, value, type) || readText(to, type, valueText(value, name, "postgres"));
}

/** Writes an instant, or says false when the type does not reach so far. */
export function putInstant(to: ByteWriter, type: ParsedType, ms: number, micros: number): boolean {
  to.reserve(READ_ROOM);
  return moveTo(to, type.putInstant?.(to.view, to.length, ms, micros) ?? -1);
}

/** Writes a value without a look at its text; false when that is needed. */
export function putDirect(to: ByteWriter, value: unknown, type: ParsedType): boolean {
  if (value instanceof Uint8Array && type === bytea) {
    putCopy(to, value, 0, value.length);
    return true;
  }
  to.reserve(READ_ROOM);
  return moveTo(to, type.put(to.view, to.length, value));
}

/** Writes the version byte of a type that has one. */
export function putVersion(to: ByteWriter, { version }: TextualType): void {
  if (version !== undefined) putByte(to, version);
}

function putString(to: ByteWriter, text: string, type: BinaryType): boolean {
  if (!isTextual(type)) return readText(to, type, text);
  putVersion(to, type);
  return putText(to, text, type.maxBytes);
}

function moveTo(to: ByteWriter, behind: number): boolean {
  if (behind >= 0) to.length = behind;
  return behind >= 0;
}
