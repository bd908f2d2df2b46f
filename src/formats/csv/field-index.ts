/**
 * The structural index of a chunk: where its records and their fields lie.
 *
 * Plain integers in typed arrays, so that a scanner in WebAssembly can fill the same index.
 */
import { doubled } from "../doubled.ts";

/**
 * Bits of a field's second integer; what is left of it is the offset behind the field's text.
 *
 * The field's text holds a control character, a double quote or a backslash (the formats escape these), or it is not the
 * plain text of its value: it must not be copied without being looked at.
 */
export const SPECIAL = 1 << 31;
export const NON_ASCII = 1 << 30;
/** The field's text holds escapes. */
export const ESCAPED = 1 << 29;
/** The field stood in quotes; they are left out of its offsets. */
export const QUOTED = 1 << 28;
/** Masks the flags out. Chunks are therefore at most 256 MiB. */
export const OFFSET = QUOTED - 1;

/** Integers of a field: begin, end | flags. */
export const FIELD_WIDTH = 2;
/** Integers of a record: start, stop, first field (of a malformed one its fault), width, line. */
export const RECORD_WIDTH = 5;

/** An index that is filled front to back and used again for the next chunk. */
export class FieldIndex {
  /** Pairs (begin, end | flags), one a field. */
  fields = new Int32Array(4096);
  /** Fields filled; the scanner moves it back when a record turns out to be malformed. */
  fieldCount = 0;
  /** Records filled. */
  recordCount = 0;
  #records = new Int32Array(1024);

  /** Forgets everything. */
  clear(): void {
    this.fieldCount = 0;
    this.recordCount = 0;
  }

  /** Adds a field; `word` is the offset behind its text with the flags. */
  addField(begin: number, word: number): void {
    const at = 2 * this.fieldCount++;
    if (at + 2 > this.fields.length) this.grown();
    this.fields[at] = begin;
    this.fields[at + 1] = word;
  }

  /** Makes room for more fields; gives the new {@link fields}. */
  grown(): Int32Array<ArrayBuffer> {
    this.fields = doubled(this.fields);
    return this.fields;
  }

  /** Adds a record; its fields are the newest ones from `firstField` on, and `line` line feeds stand before it. */
  addRecord(start: number, stop: number, firstField: number, line: number): void {
    this.#add(start, stop, line);
    this.#setFields(this.recordCount - 1, firstField, this.fieldCount - firstField);
  }

  /** Adds a malformed record; `fault` is a number that the caller understands. */
  addFault(start: number, stop: number, fault: number, line: number): void {
    this.#add(start, stop, line);
    this.#setFields(this.recordCount - 1, fault, -1);
  }

  /** Adds fields and records as this index lays them out, with offsets and numbers of this chunk. */
  append(fields: Int32Array, records: Int32Array): void {
    while (2 * this.fieldCount + fields.length > this.fields.length) this.grown();
    this.fields.set(fields, 2 * this.fieldCount);
    this.fieldCount += fields.length / FIELD_WIDTH;
    const at = this.recordCount * RECORD_WIDTH;
    while (at + records.length > this.#records.length) this.#records = doubled(this.#records);
    this.#records.set(records, at);
    this.recordCount += records.length / RECORD_WIDTH;
  }

  /**
   * Makes the fields `picked` of a well-formed record its first ones. A field that a short record lacks begins behind its
   * end; the record then counts as one of `fullWidth`.
   */
  pick(record: number, picked: Int32Array, fullWidth: number): void {
    const first = this.firstField(record);
    const width = this.width(record);
    const own = this.fields.slice(2 * first, 2 * (first + width));
    const last = this.fieldCount;
    // a short record has too few places of its own
    const isShort = width < fullWidth;
    this.fieldCount = isShort ? last : first;
    for (const field of picked) {
      const isThere = field < width;
      this.addField(isThere ? (own[2 * field] as number) : 1, isThere ? (own[2 * field + 1] as number) : 0);
    }
    this.fieldCount = isShort ? this.fieldCount : last;
    this.#setFields(record, isShort ? last : first, fullWidth);
  }

  /** First byte of a record. */
  start(record: number): number {
    return this.#records[record * RECORD_WIDTH] as number;
  }

  /** Offset behind the record's last byte, without its line end. */
  stop(record: number): number {
    return this.#records[record * RECORD_WIDTH + 1] as number;
  }

  /** Number of the record's first field; of a malformed one its fault number. */
  firstField(record: number): number {
    return this.#records[record * RECORD_WIDTH + 2] as number;
  }

  /** How many fields a record has; -1 when it is malformed. */
  width(record: number): number {
    return this.#records[record * RECORD_WIDTH + 3] as number;
  }

  /** Line feeds before a record. */
  line(record: number): number {
    return this.#records[record * RECORD_WIDTH + 4] as number;
  }

  #add(start: number, stop: number, line: number): void {
    const at = this.recordCount++ * RECORD_WIDTH;
    if (at + RECORD_WIDTH > this.#records.length) this.#records = doubled(this.#records);
    this.#records[at] = start;
    this.#records[at + 1] = stop;
    this.#records[at + 4] = line;
  }

  #setFields(record: number, first: number, width: number): void {
    const at = record * RECORD_WIDTH;
    this.#records[at + 2] = first;
    this.#records[at + 3] = width;
  }
}
