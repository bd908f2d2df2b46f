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
  /** Where the text of the field read last ends, with its flags. */
  #fieldStop = 0;
  /** Line feeds inside the quotes of the record being read. */
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
    return closed ? end : this.#halted("comment", at);
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
    const { bytes, end } = this.#range;
    const { quote, trimLeft } = this.#dialect;
    const index = this.#index;
    const firstField = index.fieldCount;
    this.#quotedLines = 0;
    let at = start;
    for (;;) {
      if (trimLeft) while (at < end && isBlank(bytes[at], this.#dialect)) at++;
      const quoted = at < end && bytes[at] === quote;
      const begin = quoted ? at + 1 : at;
      at = quoted ? this.#quoted(at) : this.#bare(at);
      if (at === HALTED) return this.#takeBack(firstField);
      index.addField(begin, this.#fieldStop);
      if (at === end || bytes[at] === LF) break;
      at++;
    }
    const crowded = framed && at + 1 < end;
    if (crowded || at - start > this.#maxRecordBytes) {
      this.#halted("long", at);
      return this.#takeBack(firstField);
    }
    const terminated = at < end;
    const stop = terminated && at > start && bytes[at - 1] === CR ? at - 1 : at;
    index.addRecord(start, stop, firstField, this.lines);
    this.lines += this.#quotedLines + (terminated ? 1 : 0);
    return terminated ? at + 1 : at;
  }

  /** Reads an unquoted field; the offset of the delimiter or line feed behind it, or the end of the bytes. */
  #bare(begin: number): number {
    const { bytes, end, closed } = this.#range;
    const special = this.#special;
    let seen = 0;
    let at = begin;
    for (; at < end; at++) {
      const byte = bytes[at] as number;
      if (special[byte] !== 0) break;
      seen |= byte;
    }
    let stop = at;
    if (at === end) {
      if (!closed) return this.#halted("short", at);
    } else if (bytes[at] === LF) {
      if (at > begin && bytes[at - 1] === CR) stop--;
    } else if (bytes[at] === this.#dialect.quote) {
      return this.#halted("stray", at);
    }
    if (this.#dialect.trimRight) while (stop > begin && isBlank(bytes[stop - 1], this.#dialect)) stop--;
    this.#fieldStop = seen > 127 ? stop | NON_ASCII : stop;
    return at;
  }

  /** Reads a quoted field; the offset of the delimiter or line feed behind it, or the end of the bytes. */
  #quoted(open: number): number {
    const { bytes, end } = this.#range;
    const { quote, escape } = this.#dialect;
    let flags = QUOTED;
    let seen = 0;
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
      if (byte === LF) this.#quotedLines++;
      seen |= byte;
    }
    if (at >= end) return this.#halted("open", open);
    if (seen > 127) flags |= NON_ASCII;
    this.#fieldStop = at | flags;
    return this.#behindQuotes(at + 1);
  }

  /** Where the field whose closing quote stands before `from` ends. */
  #behindQuotes(from: number): number {
    const { bytes, end, closed } = this.#range;
    let at = from;
    if (this.#dialect.trimRight) while (at < end && isBlank(bytes[at], this.#dialect)) at++;
    if (at === end) return closed ? end : this.#halted("short", at);
    const byte = bytes[at];
    if (byte === this.#dialect.delimiter || byte === LF) return at;
    if (byte === CR) {
      if (at + 1 === end && !closed) return this.#halted("short", at);
      if (at + 1 < end && bytes[at + 1] === LF) return at + 1;
    }
    return this.#halted("stray", at, true);
  }

  #halted(kind: HaltKind, at: number, behindQuotes = false): typeof HALTED {
    this.halt.kind = kind;
    this.halt.at = at;
    this.halt.behindQuotes = behindQuotes;
    return HALTED;
  }

  /** Forgets the fields of a record that cannot be taken. */
  #takeBack(firstField: number): typeof HALTED {
    this.halt.field = this.#index.fieldCount - firstField + 1;
    this.#index.fieldCount = firstField;
    return HALTED;
  }
}
