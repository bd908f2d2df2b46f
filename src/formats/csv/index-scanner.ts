/**
 * Builds the structural index of a chunk in one pass, byte by byte.
 *
 * It takes well-formed records only. At anything else it halts in front of that record and says what it met; what that
 * means (malformed, too large, or only cut) is for `judge.ts` to say. A scanner in WebAssembly may take this one's place.
 */
import { CR, LF } from "../lines.ts";
import { type Dialect, isBlank } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, QUOTED } from "./field-index.ts";

/** What a scanner is given. */
export interface ScanRange {
  readonly bytes: Uint8Array;
  /** Begin of a record. */
  readonly begin: number;
  readonly end: number;
  /** The end of the bytes ends the last record, as a line end would. */
  readonly closed: boolean;
}

/** Why the scanner halted in front of a record. */
export type HaltKind =
  /** It did not. */
  | "none"
  /** A quote inside an unquoted field, or text behind a closing quote. */
  | "stray"
  /** The bytes end inside quotes. */
  | "open"
  /** The bytes end inside the record, outside quotes. */
  | "short"
  /** The record is complete, but longer than `maxRecordBytes`. */
  | "long"
  /** The bytes end inside a comment. */
  | "comment";

/** Where the scanner halted. */
export interface Halt {
  kind: HaltKind;
  /** The byte at fault; for `open` the opening quote. */
  at: number;
  /** Number of the field in its record, from 1. */
  field: number;
  /** The byte at fault stands behind a closing quote. */
  behindQuotes: boolean;
}

/** Refused by the methods that read one field or line. */
const HALTED = -1;

/** One scanner fills one index. */
export class IndexScanner {
  readonly halt: Halt = { kind: "none", at: 0, field: 0, behindQuotes: false };
  /** Line feeds that were taken, since it was last set. */
  lines = 0;
  readonly #dialect: Dialect;
  readonly #maxRecordBytes: number;
  readonly #index: FieldIndex;
  /** 1 for each byte that ends an unquoted field, or must not stand in one. */
  readonly #special = new Uint8Array(256);
  #range: ScanRange = { bytes: new Uint8Array(0), begin: 0, end: 0, closed: true };
  /** What `#quoted` found: end of the text with its flags, and the line feeds in it. */
  #quotedStop = 0;
  #quotedLines = 0;

  constructor(dialect: Dialect, maxRecordBytes: number, index: FieldIndex) {
    this.#dialect = dialect;
    this.#maxRecordBytes = maxRecordBytes;
    this.#index = index;
    this.#special[LF] = 1;
    this.#special[dialect.delimiter] = 1;
    if (dialect.quote >= 0 && !dialect.literalQuotes) this.#special[dialect.quote] = 1;
  }

  /**
   * Adds the records of a range to the index.
   *
   * @param most stops behind that many records
   * @returns the offset behind what was taken; where that is less, {@link halt} says why
   */
  scan(range: ScanRange, most = Number.POSITIVE_INFINITY): number {
    this.#range = range;
    this.halt.kind = "none";
    const enough = this.#index.recordCount + most;
    let at = range.begin;
    while (at < range.end && this.#index.recordCount < enough) {
      let next = this.#skipLine(at);
      if (next === at) next = this.#record(at, false);
      if (next === HALTED) return at;
      at = next;
    }
    return at;
  }

  /** Adds exactly one record, be it blank or like a comment; for records that were framed by their source. */
  scanOne(range: ScanRange): number {
    this.#range = range;
    this.halt.kind = "none";
    const next = this.#record(range.begin, true);
    return next === HALTED ? range.begin : next;
  }

  /** The offset behind a line that is no record; `at` itself when a record begins there. */
  #skipLine(at: number): number {
    const { bytes } = this.#range;
    const byte = bytes[at] as number;
    if (byte === this.#dialect.comment) return this.#skipComment(at);
    if (byte > 32 || this.#dialect.keepBlankLines) return at;
    return this.#skipBlankLine(at);
  }

  #skipComment(at: number): number {
    const { bytes, end, closed } = this.#range;
    const lineFeed = bytes.indexOf(LF, at);
    if (lineFeed !== -1 && lineFeed < end) {
      this.lines++;
      return lineFeed + 1;
    }
    return closed ? end : this.#halted("comment", at, 0);
  }

  #skipBlankLine(at: number): number {
    const { bytes, end } = this.#range;
    const { trimLeft, trimRight } = this.#dialect;
    let stop = at;
    if (trimLeft || trimRight) while (stop < end && isBlank(bytes[stop], this.#dialect)) stop++;
    if (bytes[stop] === CR && stop + 1 < end && bytes[stop + 1] === LF) stop++;
    if (stop < end && bytes[stop] !== LF) return at;
    // blanks without a line end: a record of one field unless the bytes end here for good
    if (stop === end) return this.#range.closed && end - at <= this.#maxRecordBytes ? end : at;
    if (stop - at > this.#maxRecordBytes) return at;
    this.lines++;
    return stop + 1;
  }

  /** The offset behind the record that begins at `start`. */
  #record(start: number, framed: boolean): number {
    const { bytes, end, closed } = this.#range;
    const { delimiter, quote, trimLeft, trimRight } = this.#dialect;
    const special = this.#special;
    const index = this.#index;
    const firstField = index.fieldCount;
    let { fields } = index;
    let count = firstField;
    let lines = 0;
    let at = start;
    for (;;) {
      if (trimLeft) while (at < end && isBlank(bytes[at], this.#dialect)) at++;
      let begin = at;
      let byte = LF;
      let stop: number;
      if (at < end && bytes[at] === quote) {
        at = this.#quoted(at, count - firstField + 1);
        if (at === HALTED) return HALTED;
        begin++;
        stop = this.#quotedStop;
        lines += this.#quotedLines;
        if (at < end) byte = bytes[at] as number;
      } else {
        let seen = 0;
        for (; at < end; at++) {
          byte = bytes[at] as number;
          if (special[byte] !== 0) break;
          seen |= byte;
        }
        if (at === end) {
          if (!closed) return this.#halted("short", at, count - firstField + 1);
          byte = LF;
        } else if (byte !== LF && byte !== delimiter) {
          return this.#halted("stray", at, count - firstField + 1);
        }
        stop = at;
        if (byte === LF && at < end && at > begin && bytes[at - 1] === CR) stop--;
        if (trimRight) while (stop > begin && isBlank(bytes[stop - 1], this.#dialect)) stop--;
        if (seen > 127) stop |= NON_ASCII;
      }
      if (2 * count + 2 > fields.length) {
        index.growFields();
        fields = index.fields;
      }
      fields[2 * count] = begin;
      fields[2 * count + 1] = stop;
      count++;
      if (byte === LF) break;
      at++;
    }
    if (at - start > this.#maxRecordBytes) return this.#halted("long", at, 0);
    if (framed && at + 1 < end) return this.#halted("long", at, 0);
    const terminated = at < end;
    index.fieldCount = count;
    index.addRecord(start, terminated && at > start && bytes[at - 1] === CR ? at - 1 : at, firstField);
    this.lines += lines + (terminated ? 1 : 0);
    return terminated ? at + 1 : at;
  }

  /** Reads a quoted field; the offset of the delimiter or line feed behind it, or the end of the bytes. */
  #quoted(open: number, field: number): number {
    const { bytes, end } = this.#range;
    const { quote, escape } = this.#dialect;
    let flags = QUOTED;
    let seen = 0;
    let lines = 0;
    let at = open + 1;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === escape) {
        const next = at + 1 < end ? bytes[at + 1] : -1;
        if (next === quote || next === escape) {
          flags |= ESCAPED;
          at++;
          continue;
        }
      }
      if (byte === quote) break;
      if (byte === LF) lines++;
      seen |= byte;
    }
    if (at >= end) return this.#halted("open", open, field);
    if (seen > 127) flags |= NON_ASCII;
    this.#quotedStop = at | flags;
    this.#quotedLines = lines;
    return this.#behindQuotes(at + 1, field);
  }

  /** Where the field whose closing quote stands before `from` ends. */
  #behindQuotes(from: number, field: number): number {
    const { bytes, end, closed } = this.#range;
    let at = from;
    if (this.#dialect.trimRight) while (at < end && isBlank(bytes[at], this.#dialect)) at++;
    if (at === end) return closed ? end : this.#halted("short", at, field);
    const byte = bytes[at];
    if (byte === this.#dialect.delimiter || byte === LF) return at;
    if (byte === CR) {
      if (at + 1 === end && !closed) return this.#halted("short", at, field);
      if (at + 1 < end && bytes[at + 1] === LF) return at + 1;
    }
    return this.#halted("stray", at, field, true);
  }

  #halted(kind: HaltKind, at: number, field: number, behindQuotes = false): typeof HALTED {
    this.halt.kind = kind;
    this.halt.at = at;
    this.halt.field = field;
    this.halt.behindQuotes = behindQuotes;
    return HALTED;
  }
}
