/**
 * Builds the structural index of a dialect with marks of several bytes (`||`, `//`, `§`).
 *
 * The same rules as {@link IndexScanner}'s, held to it by the model of the property tests; plain comparisons instead of a
 * table of bytes, about half as fast.
 */
import { CR, LF } from "../lines.ts";
import type { Dialect, WideMarks } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, QUOTED, SPECIAL } from "./field-index.ts";
import { ScanLoop } from "./scan-loop.ts";

const FIRST_PRINTABLE = 32;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const FIRST_NON_ASCII = 128;

/** The scanner of unusual files. */
export class WideScanner extends ScanLoop {
  readonly #marks: WideMarks;

  constructor(dialect: Dialect, marks: WideMarks, maxRecordBytes: number, index: FieldIndex) {
    super(dialect, maxRecordBytes, index);
    this.#marks = marks;
  }

  protected override skipLine(at: number): number {
    const { end, closed } = this.range;
    if (this.#isAt(this.#marks.comment, at)) return this.skipComment(at);
    // the bytes may end inside the mark of a comment
    if (!closed && this.#mayBecome(this.#marks.comment, at)) return this.halted("short", end);
    return this.dialect.keepBlankLines ? at : this.skipBlankLine(at);
  }

  protected override takeFields(at: number): number {
    return this.#isAt(this.#marks.quote, at) ? this.#quoted(at) : this.#bare(at);
  }

  /** Reads an unquoted field. */
  #bare(begin: number): number {
    const { bytes, end, closed } = this.range;
    const { delimiter, quote } = this.#marks;
    const strict = !this.dialect.literalQuotes;
    let at = begin;
    for (; at < end && bytes[at] !== LF && !this.#isAt(delimiter, at); at++) {
      if (strict && this.#isAt(quote, at)) return this.halted("stray", at);
    }
    if (at === end && !closed) return this.halted("short", at);
    let stop = at < end && bytes[at] === LF && at > begin && bytes[at - 1] === CR ? at - 1 : at;
    if (this.dialect.trimRight) stop = this.beforeBlanks(begin, stop);
    return this.#take(begin, stop, 0, at);
  }

  /** Reads the field whose opening quote stands at `open`. */
  #quoted(open: number): number {
    const { bytes, end } = this.range;
    const { quote, escape } = this.#marks as { readonly quote: Buffer; readonly escape: Buffer };
    const begin = open + quote.length;
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
      if (bytes[at] === LF) this.quotedLines++;
      at++;
    }
    if (at >= end) return this.halted("open", open);
    return this.#behindQuotes(begin, at, flags);
  }

  /** Bytes of the mark that an escape before `at` makes data; 0 when none stands there. */
  #escapedAt(at: number): number {
    const { quote, escape } = this.#marks;
    if (quote !== null && this.#isAt(quote, at)) return quote.length;
    return escape !== null && this.#isAt(escape, at) ? escape.length : 0;
  }

  /** Where the field whose closing quote stands at `close` ends. */
  #behindQuotes(begin: number, close: number, flags: number): number {
    const { bytes, end, closed } = this.range;
    const { delimiter, quote, escape } = this.#marks as WideMarks & { readonly quote: Buffer; readonly escape: Buffer };
    const from = close + quote.length;
    const at = this.dialect.trimRight ? this.behindBlanks(from) : from;
    if (at === end) return closed ? this.#take(begin, close, flags, end) : this.halted("short", at);
    if (this.#isAt(delimiter, at) || bytes[at] === LF) return this.#take(begin, close, flags, at);
    if (bytes[at] === CR && at + 1 < end && bytes[at + 1] === LF) return this.#take(begin, close, flags, at + 1);
    // the bytes may end inside what makes the field go on, or end
    const unsure = !closed && ((bytes[at] === CR && at + 1 === end) || this.#mayBecome(delimiter, at));
    const mayGoOn = !closed && escape.equals(quote) && at === from && this.#mayBecome(quote, at);
    return this.halted(unsure || mayGoOn ? "short" : "stray", at, true);
  }

  /** Adds the field `bytes[begin, stop)`; gives `next`, the place behind it. */
  #take(begin: number, stop: number, flags: number, next: number): number {
    this.index.addField(begin, stop | flags | flagsOf(this.range.bytes, begin, stop));
    return next;
  }

  #isAt(mark: Buffer | null, at: number): boolean {
    if (mark === null || at + mark.length > this.range.end) return false;
    return startsAt(this.range.bytes, at, mark, mark.length);
  }

  /** Whether the bytes end behind a part of the mark. */
  #mayBecome(mark: Buffer | null, at: number): boolean {
    const left = this.range.end - at;
    return mark !== null && left > 0 && left < mark.length && startsAt(this.range.bytes, at, mark, left);
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
    if (byte < FIRST_PRINTABLE || byte === DOUBLE_QUOTE || byte === BACKSLASH) flags |= SPECIAL;
    else if (byte >= FIRST_NON_ASCII) flags |= NON_ASCII;
  }
  return flags;
}
