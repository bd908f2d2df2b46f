/**
 * Builds the structural index of a dialect with marks of several bytes (`||`, `//`, `§`).
 *
 * The same rules as {@link IndexScanner}'s, held to it by the model of the property tests; plain comparisons instead of a
 * table of bytes, about half as fast.
 */
import { CR, LF } from "../lines.ts";
import type { Dialect, WideMarks } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, QUOTED, SPECIAL } from "./field-index.ts";
import type { Halt, HaltKind, RecordScanner, ScanRange } from "./record-scanner.ts";

const TAB = 9;
const SPACE = 32;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const HALTED = -1;

/** Where a field ends: its text, and the delimiter or line feed behind it, or the end of the bytes. */
interface FieldEnd {
  stop: number;
  flags: number;
  next: number;
}

/** One scanner fills one index. */
export class WideScanner implements RecordScanner {
  readonly halt: Halt = { kind: "none", at: 0, field: 0, behindQuotes: false };
  lines = 0;
  readonly #dialect: Dialect;
  readonly #marks: WideMarks;
  readonly #maxRecordBytes: number;
  readonly #index: FieldIndex;
  readonly #field: FieldEnd = { stop: 0, flags: 0, next: 0 };
  #range: ScanRange = { bytes: new Uint8Array(0), begin: 0, end: 0, closed: true };
  #quotedLines = 0;

  constructor(dialect: Dialect, marks: WideMarks, maxRecordBytes: number, index: FieldIndex) {
    this.#dialect = dialect;
    this.#marks = marks;
    this.#maxRecordBytes = maxRecordBytes;
    this.#index = index;
  }

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

  scanOne(range: ScanRange): number {
    this.#range = range;
    this.halt.kind = "none";
    const next = this.#record(range.begin, true);
    return next === HALTED ? range.begin : next;
  }

  /** The offset behind a line that is no record; `at` itself when a record begins there. */
  #skipLine(at: number): number {
    const { end, closed } = this.#range;
    if (this.#isAt(this.#marks.comment, at)) return this.#skipComment(at);
    // the bytes may end inside the mark of a comment
    if (!closed && this.#mayBecome(this.#marks.comment, at)) return this.#halted("short", end);
    return this.#dialect.keepBlankLines ? at : this.#skipBlankLine(at, end);
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

  #skipBlankLine(at: number, end: number): number {
    const { bytes, closed } = this.#range;
    const { trimLeft, trimRight } = this.#dialect;
    let stop = trimLeft || trimRight ? this.#behindBlanks(at) : at;
    if (bytes[stop] === CR && stop + 1 < end && bytes[stop + 1] === LF) stop++;
    if (stop < end && bytes[stop] !== LF) return at;
    if (stop === end) return closed && end - at <= this.#maxRecordBytes ? end : at;
    if (stop - at > this.#maxRecordBytes) return at;
    this.lines++;
    return stop + 1;
  }

  /** The offset behind the record that begins at `start`. */
  #record(start: number, framed: boolean): number {
    const { bytes, end } = this.#range;
    const { quote, delimiter } = this.#marks;
    const index = this.#index;
    const firstField = index.fieldCount;
    this.#quotedLines = 0;
    let at = start;
    for (;;) {
      if (this.#dialect.trimLeft) at = this.#behindBlanks(at);
      const quoted = this.#isAt(quote, at);
      const begin = quoted ? at + (quote as Buffer).length : at;
      if (!(quoted ? this.#quoted(at, begin) : this.#bare(begin))) return this.#takeBack(firstField);
      index.addField(begin, this.#field.stop | this.#field.flags);
      at = this.#field.next;
      if (at === end || bytes[at] === LF) break;
      at += delimiter.length;
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

  /** Reads an unquoted field; false when it halted. */
  #bare(begin: number): boolean {
    const { bytes, end, closed } = this.#range;
    const { delimiter, quote } = this.#marks;
    const strict = !this.#dialect.literalQuotes;
    let at = begin;
    for (; at < end && bytes[at] !== LF && !this.#isAt(delimiter, at); at++) {
      if (strict && this.#isAt(quote, at)) return this.#refuse("stray", at);
    }
    if (at === end && !closed) return this.#refuse("short", at);
    let stop = at < end && bytes[at] === LF && at > begin && bytes[at - 1] === CR ? at - 1 : at;
    if (this.#dialect.trimRight) while (stop > begin && this.#isBlank(bytes[stop - 1])) stop--;
    return this.#take(begin, stop, 0, at);
  }

  /** Reads a quoted field; false when it halted. */
  #quoted(open: number, begin: number): boolean {
    const { bytes, end } = this.#range;
    const { quote, escape } = this.#marks as { readonly quote: Buffer; readonly escape: Buffer };
    let flags = QUOTED;
    let at = begin;
    while (at < end) {
      const escaped = this.#isAt(escape, at) ? this.#escapedAt(at + escape.length) : 0;
      if (escaped > 0) {
        flags |= ESCAPED;
        at += escape.length + escaped;
        continue;
      }
      if (this.#isAt(quote, at)) break;
      if (bytes[at] === LF) this.#quotedLines++;
      at++;
    }
    if (at >= end) return this.#refuse("open", open);
    return this.#behindQuotes(begin, at, flags);
  }

  /** Bytes of the mark that an escape before `at` makes data; 0 when none stands there. */
  #escapedAt(at: number): number {
    const { quote, escape } = this.#marks;
    if (quote !== null && this.#isAt(quote, at)) return quote.length;
    return escape !== null && this.#isAt(escape, at) ? escape.length : 0;
  }

  /** Where the field whose closing quote stands at `close` ends. */
  #behindQuotes(begin: number, close: number, flags: number): boolean {
    const { bytes, end, closed } = this.#range;
    const { delimiter, quote, escape } = this.#marks as WideMarks & { readonly quote: Buffer; readonly escape: Buffer };
    const from = close + quote.length;
    const at = this.#dialect.trimRight ? this.#behindBlanks(from) : from;
    if (at === end) return closed ? this.#take(begin, close, flags, end) : this.#refuse("short", at);
    if (this.#isAt(delimiter, at) || bytes[at] === LF) return this.#take(begin, close, flags, at);
    if (bytes[at] === CR && at + 1 < end && bytes[at + 1] === LF) return this.#take(begin, close, flags, at + 1);
    // the bytes may end inside what makes the field go on, or end
    const unsure = !closed && ((bytes[at] === CR && at + 1 === end) || this.#mayBecome(delimiter, at));
    const mayGoOn = !closed && escape.equals(quote) && at === from && this.#mayBecome(quote, at);
    return this.#refuse(unsure || mayGoOn ? "short" : "stray", at, true);
  }

  #take(begin: number, stop: number, flags: number, next: number): boolean {
    this.#field.stop = stop;
    this.#field.flags = flags | flagsOf(this.#range.bytes, begin, stop);
    this.#field.next = next;
    return true;
  }

  #isAt(mark: Buffer | null, at: number): boolean {
    if (mark === null || at + mark.length > this.#range.end) return false;
    return startsAt(this.#range.bytes, at, mark, mark.length);
  }

  /** Whether the bytes end behind a part of the mark. */
  #mayBecome(mark: Buffer | null, at: number): boolean {
    const left = this.#range.end - at;
    return mark !== null && left > 0 && left < mark.length && startsAt(this.#range.bytes, at, mark, left);
  }

  #behindBlanks(from: number): number {
    const { bytes, end } = this.#range;
    let at = from;
    while (at < end && this.#isBlank(bytes[at])) at++;
    return at;
  }

  /** Spaces and tabs, unless the delimiter is made of them. */
  #isBlank(byte: number | undefined): boolean {
    return (byte === SPACE || byte === TAB) && !this.#marks.delimiter.includes(byte);
  }

  #refuse(kind: HaltKind, at: number, behindQuotes = false): false {
    this.#halted(kind, at, behindQuotes);
    return false;
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

/** Whether the first `length` bytes of a mark stand at `at`. */
function startsAt(bytes: Uint8Array, at: number, mark: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== mark[i]) return false;
  return true;
}

/** What the index says of a text. */
function flagsOf(bytes: Uint8Array, begin: number, end: number): number {
  let flags = 0;
  for (let at = begin; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < SPACE || byte === DOUBLE_QUOTE || byte === BACKSLASH) flags |= SPECIAL;
    else if (byte > 127) flags |= NON_ASCII;
  }
  return flags;
}
