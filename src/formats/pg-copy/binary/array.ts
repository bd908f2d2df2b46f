/**
 * Arrays: the number of dimensions, whether there are nulls, the type of the elements, the length and first index of each
 * dimension, then all elements with their lengths.
 *
 * Source: array_recv in PostgreSQL's utils/adt/arrayfuncs.c.
 */
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import type { BinaryColumn } from "./binary-type.ts";
import { putScalar } from "./scalar.ts";

const WORD = 4;
const NULL = -1;
const MAX_DIMENSIONS = 6;

/** Writes an array without its length; false for one that is no box, and where an element is for the server to read. */
export function putArray(to: ByteWriter, items: readonly unknown[], column: BinaryColumn): boolean {
  // an array of JSON values holds arrays as JSON, not as a further dimension
  const elements = column.kind.family === "json" ? items : flatten(items);
  const lengths = column.kind.family === "json" ? [items.length] : lengthsOf(items);
  if (elements === null) return false;
  const head = to.length;
  putHead(to, items.length === 0 ? [] : lengths, column.type.oid);
  let hasNull = 0;
  for (const element of elements) {
    if (element === null || element === undefined) hasNull = 1;
    if (!putElement(to, element, column)) return false;
  }
  to.view.setInt32(head + WORD, hasNull);
  return true;
}

function putHead(to: ByteWriter, lengths: readonly number[], oid: number): void {
  putWord(to, lengths.length);
  putWord(to, 0);
  putWord(to, oid);
  for (const length of lengths) {
    putWord(to, length);
    putWord(to, 1);
  }
}

function putElement(to: ByteWriter, element: unknown, column: BinaryColumn): boolean {
  putWord(to, NULL);
  if (element === null || element === undefined) return true;
  // in an array COPY text leaves it to the server to refuse these
  if (typeof element === "number" && column.kind.family === "json" && !Number.isFinite(element)) return false;
  const begin = to.length;
  const isWritten = putScalar(to, element, column);
  if (isWritten) to.view.setInt32(begin - WORD, to.length - begin);
  return isWritten;
}

function putWord(to: ByteWriter, value: number): void {
  to.reserve(WORD);
  to.view.setInt32(to.length, value);
  to.length += WORD;
}

/** The length of each dimension, by the first element of each. */
function lengthsOf(items: readonly unknown[]): readonly number[] {
  const lengths: number[] = [];
  for (let level: unknown = items; Array.isArray(level) && lengths.length <= MAX_DIMENSIONS; level = level[0]) {
    lengths.push(level.length);
  }
  return lengths;
}

/** All elements in a row; null for arrays that are no box, or too deep, or empty inside. */
function flatten(items: readonly unknown[]): readonly unknown[] | null {
  const lengths = lengthsOf(items);
  if (lengths.length > MAX_DIMENSIONS) return null;
  let level = items;
  for (const length of lengths.slice(1)) {
    if (length === 0 || !level.every((item) => Array.isArray(item) && item.length === length)) return null;
    level = level.flat();
  }
  return level.some((item) => Array.isArray(item)) ? null : level;
}
