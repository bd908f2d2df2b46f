/** The module's memory, 576 KiB that never grow: the bytes to read, and what was found in them. */
import { BLOCK } from "./block.ts";

/** Bytes that are read at a time: they and what is written about them then stay in the processor's cache. */
export const windowBytes: i32 = 128 * 1024;

/** Fields and records that one scan gives at most. */
const MOST_FIELDS: i32 = 32 * 1024;
const MOST_RECORDS: i32 = 8 * 1024;

const FIELD_BYTES: i32 = 8;
const RECORD_BYTES: i32 = 20;

/** The window. There is room before and behind it: blocks are read whole, and the byte before a place is looked at. */
export const input: i32 = BLOCK;
export const fields: i32 = input + windowBytes + 2 * BLOCK;
export const records: i32 = fields + MOST_FIELDS * FIELD_BYTES;

/** A block may end 64 fields and as many records: there is no room for them behind these places. */
export const lastFields: i32 = fields + (MOST_FIELDS - BLOCK) * FIELD_BYTES;
export const lastRecords: i32 = records + (MOST_RECORDS - BLOCK) * RECORD_BYTES;

/** The byte at an offset of the window. */
export function byteAt(offset: i32): i32 {
  return load<u8>(input + offset);
}

/** Sets it. */
export function setByteAt(offset: i32, byte: i32): void {
  store<u8>(input + offset, byte);
}

/** Writes a field; gives the place of the next one. `word` is the offset behind its text with the flags. */
export function putField(to: i32, begin: i32, word: i32): i32 {
  store<i32>(to, begin);
  store<i32>(to, word, 4);
  return to + FIELD_BYTES;
}

/** Writes a record; gives the place of the next one. */
export function putRecord(to: i32, start: i32, stop: i32, firstField: i32, width: i32, line: i32): i32 {
  store<i32>(to, start);
  store<i32>(to, stop, 4);
  store<i32>(to, firstField, 8);
  store<i32>(to, width, 12);
  store<i32>(to, line, 16);
  return to + RECORD_BYTES;
}

/** How many fields lie from one place to another. */
export function fieldsBetween(from: i32, to: i32): i32 {
  return <i32>(<u32>(to - from) / <u32>FIELD_BYTES);
}

/** How many records lie before a place. */
export function recordsBefore(to: i32): i32 {
  return <i32>(<u32>(to - records) / <u32>RECORD_BYTES);
}
