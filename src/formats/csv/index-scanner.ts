/**
 * Builds the structural index of a chunk in one pass, byte by byte, for dialects whose marks are single bytes.
 *
 * Where there is WebAssembly it takes what `simd-scanner.ts` leaves to it; elsewhere everything. It is the oracle of that one.
 */
import { CR, LF } from "../lines.ts";
import type { Dialect } from "./dialect.ts";
import { ESCAPED, type FieldIndex, NON_ASCII, QUOTED, SPECIAL } from "./field-index.ts";
import { HALTED, ScanLoop } from "./scan-loop.ts";

const FIRST_PRINTABLE = 32;
const DOUBLE_QUOTE = 34;
const BACKSLASH = 92;
const FIRST_NON_ASCII = 128;
/** No byte above it is a blank or ends a line. */
const LAST_BLANK = 32;

/** The class of bytes that end an unquoted field, or must not stand in one. */
const ENDS = 1;

/** The scanner of nearly all files. */
export class IndexScanner extends ScanLoop {
  readonly #trims: boolean;
  /** What each byte means: flags of the field that it stands in, and {@link ENDS}. */
  readonly #classes: Int32Array;

  constructor(dialect: Dialect, maxRecordBytes: number, index: FieldIndex) {
    super(dialect, maxRecordBytes, index);
    this.#trims = dialect.trimLeft || dialect.trimRight;
    this.#classes = byteClasses(dialect);
  }

  protected override skipLine(at: number): number {
    const byte = this.range.bytes[at] as number;
    if (byte === this.dialect.comment) return this.skipComment(at);
    return byte > LAST_BLANK || this.dialect.keepBlankLines ? at : this.skipBlankLine(at);
  }

  protected override takeFields(at: number): number {
    const { bytes, end } = this.range;
    return at < end && bytes[at] === this.dialect.quote ? this.#quoted(at) : this.#bare(at);
  }

  /**
   * Reads unquoted fields up to one that is quoted, or the record's last; the offset of the delimiter or line feed behind
   * them, or the end of the bytes. Most of a scan's time is spent in this loop: it touches local variables only.
   */
  #bare(from: number): number {
    const { bytes, end } = this.range;
    const { delimiter, quote } = this.dialect;
    const classes = this.#classes;
    const trims = this.#trims;
    const { index } = this;
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
    const { bytes, end, closed } = this.range;
    let stop = at;
    if (at === end) {
      if (!closed) return this.halted("short", at);
    } else if (bytes[at] === LF) {
      if (at > begin && bytes[at - 1] === CR) stop--;
    } else if (bytes[at] === this.dialect.quote) {
      return this.halted("stray", at);
    }
    if (this.dialect.trimRight) stop = this.beforeBlanks(begin, stop);
    this.index.addField(begin, stop | (stop === at ? seen : this.#flagsOf(begin, stop)));
    return at;
  }

  /** Reads a quoted field; the offset of the delimiter or line feed behind it, or the end of the bytes. */
  #quoted(open: number): number {
    const { bytes, end } = this.range;
    const { quote, escape } = this.dialect;
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
      if (byte === LF) this.quotedLines++;
      flags |= classes[byte] as number;
    }
    if (at >= end) return this.halted("open", open);
    const behind = this.#behindQuotes(at + 1);
    if (behind !== HALTED) this.index.addField(open + 1, at | (flags & ~ENDS));
    return behind;
  }

  /** Where the field whose closing quote stands before `from` ends. */
  #behindQuotes(from: number): number {
    const { bytes, end, closed } = this.range;
    const at = this.dialect.trimRight ? this.behindBlanks(from) : from;
    if (at === end) return closed ? end : this.halted("short", at);
    const byte = bytes[at];
    if (byte === this.dialect.delimiter || byte === LF) return at;
    if (byte === CR) {
      if (at + 1 === end && !closed) return this.halted("short", at);
      if (at + 1 < end && bytes[at + 1] === LF) return at + 1;
    }
    return this.halted("stray", at, true);
  }

  /** The flags of `bytes[begin, end)`. */
  #flagsOf(begin: number, end: number): number {
    const { bytes } = this.range;
    let flags = 0;
    for (let at = begin; at < end; at++) flags |= this.#classes[bytes[at] as number] as number;
    return flags;
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
