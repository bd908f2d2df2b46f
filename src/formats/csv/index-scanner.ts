/**
 * Builds the structural index of a chunk in one pass, byte by byte.
 *
 * It takes well-formed records only. At anything else it halts in front of that record and says what it met; what that
 * means (malformed, too large, or only cut) is for `judge.ts` to say. A scanner in WebAssembly may take this one's place.
 */
import { CR, LF } from "../lines.ts";
import { type Dialect, isBlank } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, QUOTED, SPECIAL } from "./field-index.ts";
import type { Halt, HaltKind, RecordScanner, ScanRange } from "./record-scanner.ts";

const FIRST_PRINTABLE = 32;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const FIRST_NON_ASCII = 128;

/** Refused by the methods that read one field or line. */
const HALTED = -1;

/** The class of bytes that end an unquoted field, or must not stand in one. */
const ENDS = 1;

/** One scanner fills one index. */
export class IndexScanner implements RecordScanner {
  readonly halt: Halt = { kind: "none", at: 0, field: 0, behindQuotes: false };
  /** Line feeds that were taken, since it was last set. */
  lines = 0;
  readonly #dialect: Dialect;
  readonly #maxRecordBytes: number;
  readonly #index: FieldIndex;
  readonly #trims: boolean;
  /** What each byte means: flags of the field that it stands in, and {@link ENDS}. */
  readonly #classes: Int32Array;
  #range: ScanRange = { bytes: new Uint8Array(0), begin: 0, end: 0, closed: true };
  /** Line feeds inside the quotes of the record being read. */
  #quotedLines = 0;

  constructor(dialect: Dialect, maxRecordBytes: number, index: FieldIndex) {
    this.#dialect = dialect;
    this.#maxRecordBytes = maxRecordBytes;
    this.#index = index;
    this.#trims = dialect.trimLeft || dialect.trimRight;
    this.#classes = byteClasses(dialect);
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
      at = at < end && bytes[at] === quote ? this.#quoted(at) : this.#bare(at);
      if (at === HALTED) return this.#takeBack(firstField);
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

  /**
   * Reads unquoted fields up to one that is quoted, or the record's last; the offset of the delimiter or line feed behind
   * them, or the end of the bytes. Most of a scan's time is spent in this loop: it touches local variables only.
   */
  #bare(from: number): number {
    const { bytes, end } = this.#range;
    const { delimiter, quote } = this.#dialect;
    const classes = this.#classes;
    const trims = this.#trims;
    const index = this.#index;
    let { fields, fieldCount } = index;
    let begin = from;
    let at = from;
    let seen = 0;
    for (;;) {
      let byte = 0;
      for (; at < end; at++) {
        byte = bytes[at] as number;
        const found = classes[byte] as number;
        if ((found & ENDS) !== 0) break;
        seen |= found;
      }
      if (at === end || byte !== delimiter || trims) break;
      if (2 * fieldCount + 2 > fields.length) fields = index.grown();
      fields[2 * fieldCount] = begin;
      fields[2 * fieldCount + 1] = at | seen;
      fieldCount++;
      seen = 0;
      begin = ++at;
      if (begin < end && bytes[begin] !== quote) continue;
      index.fieldCount = fieldCount;
      return at - 1;
    }
    index.fieldCount = fieldCount;
    return this.#lastBare(begin, at, seen);
  }

  /** Ends an unquoted field at `at`, whatever stands there. */
  #lastBare(begin: number, at: number, seen: number): number {
    const { bytes, end, closed } = this.#range;
    let stop = at;
    if (at === end) {
      if (!closed) return this.#halted("short", at);
    } else if (bytes[at] === LF) {
      if (at > begin && bytes[at - 1] === CR) stop--;
    } else if (bytes[at] === this.#dialect.quote) {
      return this.#halted("stray", at);
    }
    if (this.#dialect.trimRight) while (stop > begin && isBlank(bytes[stop - 1], this.#dialect)) stop--;
    this.#index.addField(begin, stop | (stop === at ? seen : this.#flagsOf(begin, stop)));
    return at;
  }

  /** Reads a quoted field; the offset of the delimiter or line feed behind it, or the end of the bytes. */
  #quoted(open: number): number {
    const { bytes, end } = this.#range;
    const { quote, escape } = this.#dialect;
    const classes = this.#classes;
    let flags = QUOTED;
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
      flags |= classes[byte] as number;
    }
    if (at >= end) return this.#halted("open", open);
    const behind = this.#behindQuotes(at + 1);
    if (behind !== HALTED) this.#index.addField(open + 1, at | (flags & ~ENDS));
    return behind;
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

  /** The flags of `bytes[begin, end)`. */
  #flagsOf(begin: number, end: number): number {
    const { bytes } = this.#range;
    let flags = 0;
    for (let at = begin; at < end; at++) flags |= this.#classes[bytes[at] as number] as number;
    return flags;
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

function byteClasses({ delimiter, quote, literalQuotes }: Dialect): Int32Array {
  const classes = new Int32Array(256);
  classes.fill(SPECIAL, 0, FIRST_PRINTABLE);
  classes.fill(NON_ASCII, FIRST_NON_ASCII);
  for (const byte of [DOUBLE_QUOTE, BACKSLASH]) classes[byte] = SPECIAL;
  const ends = quote >= 0 && !literalQuotes ? [LF, delimiter, quote] : [LF, delimiter];
  for (const byte of ends) classes[byte] = (classes[byte] as number) | ENDS;
  return classes;
}
