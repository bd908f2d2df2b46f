/** The record that is being read: where it begins, and what becomes of it at its line end. */
import { CR, comment, keepsBlankLines, maxRecordBytes } from "./marks.ts";
import { byteAt, fields, fieldsBetween, lastRecords, putRecord, records, recordsBefore } from "./memory.ts";

/** Where it begins in the window, and where its fields do. */
export let start: i32 = 0;
let firstField: i32 = fields;
/** Line feeds before it. */
export let lines: i32 = 0;
/** It, or what stands there, must not be taken. */
export let stops: bool = false;

let nextRecord: i32 = records;
let length: i32 = 0;
let base: i32 = 0;
let fieldsBefore: i32 = 0;

/** Before the first record of a scan; see `scan`. */
export function beginRecords(from: i32, windowLength: i32, chunkBase: i32, fieldNumber: i32, line: i32): void {
  length = windowLength;
  base = chunkBase;
  fieldsBefore = fieldNumber;
  firstField = fields;
  nextRecord = records;
  beginRecord(from, line);
}

/** Where the text ends that a line feed at `place` ends; `begin` is where its field begins. */
export function textEnd(begin: i32, place: i32): i32 {
  return place > begin && byteAt(place - 1) === CR ? place - 1 : place;
}

/**
 * Takes the record that ends at the line feed at `place`, unless it is too long; a blank line is none.
 *
 * @param stop where its text ends
 * @param nextField behind its fields
 * @param line line feeds up to its end
 * @returns where the next field is to be written
 */
export function endRecord(place: i32, stop: i32, nextField: i32, line: i32): i32 {
  if (place - start > maxRecordBytes) {
    stops = true;
    return nextField;
  }
  if (stop === start && !keepsBlankLines) {
    nextField = firstField;
  } else {
    const width = fieldsBetween(firstField, nextField);
    nextRecord = putRecord(nextRecord, base + start, base + stop, fieldsBefore + fieldCount(), width, lines);
    firstField = nextField;
  }
  beginRecord(place + 1, line);
  return nextField;
}

/** Fields of the records taken. */
export function fieldCount(): i32 {
  return fieldsBetween(fields, firstField);
}

/** The records taken. */
export function recordCount(): i32 {
  return recordsBefore(nextRecord);
}

/** Whether there is room for the records of another block. */
export function hasRoom(): bool {
  return nextRecord <= lastRecords;
}

function beginRecord(from: i32, line: i32): void {
  start = from;
  lines = line;
  stops = from < length && byteAt(from) === comment;
}
