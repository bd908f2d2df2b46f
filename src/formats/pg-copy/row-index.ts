/** Where the fields of COPY text lie: a tab ends a field, a backslash begins an escape, `\N` is null. */
import { FieldIndex, NON_ASCII, QUOTED, SPECIAL } from "../csv/field-index.ts";

const TAB = 9;
const LF = 10;
const QUOTE = 34;
const CAPITAL_N = 78;
const BACKSLASH = 92;
const DELETE = 127;
const SPACE = 32;
/** A field that begins behind its end: null. */
const NULL_BEGIN = 1;
const NULL_WORD = 0;

/** What a letter behind a backslash stands for; all others stand for themselves. */
const unescaped = Uint8Array.from({ length: 256 }, (_, byte) => byte);
for (const [letter, byte] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 })) {
  unescaped[letter.charCodeAt(0)] = byte;
}

/** The class of bytes that mean something to COPY: tabs and backslashes. */
const MARK = 1;

/** What each byte means: flags of the field that it stands in, and {@link MARK}. */
const classes = Int32Array.from({ length: 256 }, (_, byte) => {
  if (byte > DELETE) return NON_ASCII;
  const flags = byte < SPACE || byte === QUOTE || byte === BACKSLASH ? SPECIAL : 0;
  return byte === TAB || byte === BACKSLASH ? flags | MARK : flags;
});

/**
 * An index over text without escapes: where there are some, it is over a copy in which they are undone, so that everyone
 * behind finds each field's text as it is. A field that is not null counts as quoted: nothing in it means anything else.
 */
export class RowIndex {
  readonly fields = new FieldIndex();
  /** What the index is about: the bytes that were given, or the copy, in which every field begins where it did. */
  bytes: Buffer = Buffer.alloc(0);
  #given: Buffer = Buffer.alloc(0);
  #copy: Buffer = Buffer.alloc(0);

  /**
   * Most of the time is spent in the inner loop: it touches local variables only.
   *
   * @param ends offsets behind the rows, their line ends included
   */
  index(bytes: Buffer, ends: Int32Array): void {
    const index = this.fields;
    index.clear();
    this.#given = bytes;
    this.bytes = bytes;
    let { fields } = index;
    let at = 0;
    for (const end of ends) {
      const start = at;
      const stop = rowStop(bytes, start, end);
      const first = index.fieldCount;
      let next = 2 * first;
      for (let begin = start; ; begin = ++at) {
        let byte = 0;
        let seen = QUOTED;
        for (; at < stop; at++) {
          byte = bytes[at] as number;
          const found = classes[byte] as number;
          if ((found & MARK) !== 0) break;
          seen |= found;
        }
        if (next + 2 > fields.length) fields = index.grown();
        if (at < stop && byte === BACKSLASH) {
          const isNull = isNullMark(bytes, begin, at, stop);
          at = fieldEnd(bytes, at, stop);
          fields[next++] = isNull ? NULL_BEGIN : begin;
          fields[next++] = isNull ? NULL_WORD : this.#undoEscapes(begin, at);
        } else {
          fields[next++] = begin;
          fields[next++] = at | seen;
        }
        if (at >= stop) break;
      }
      index.fieldCount = next >> 1;
      index.addRecord(start, stop, first, 0);
      at = end;
    }
  }

  /** Writes the text of `[begin, end)` into the copy without its escapes; gives its index word. */
  #undoEscapes(begin: number, end: number): number {
    const from = this.#given;
    const to = this.#copied();
    let seen = QUOTED;
    let written = begin;
    for (let at = begin; at < end; at++) {
      let byte = from[at] as number;
      if (byte === BACKSLASH) byte = unescaped[from[++at] as number] as number;
      seen |= classes[byte] as number;
      to[written++] = byte;
    }
    // what reads a field need not look beyond it
    if (written < end) to[written] = TAB;
    return written | (seen & ~MARK);
  }

  /** A copy of all that was given; made at the first escape. */
  #copied(): Buffer {
    const given = this.#given;
    if (this.bytes === given) {
      if (this.#copy.length < given.length) this.#copy = Buffer.allocUnsafeSlow(given.length);
      this.#copy.set(given);
      this.bytes = this.#copy;
    }
    return this.bytes;
  }
}

/** Where a row's text ends: before its line end, if it has one. */
export function rowStop(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === LF ? end - 1 : end;
}

/** Whether the backslash at `at` begins a field that is null. */
function isNullMark(bytes: Uint8Array, begin: number, at: number, stop: number): boolean {
  return at === begin && bytes[at + 1] === CAPITAL_N && (at + 2 === stop || bytes[at + 2] === TAB);
}

/** Where the field that goes on at `from` ends: at a tab behind no backslash, or at the row's end. */
function fieldEnd(bytes: Uint8Array, from: number, stop: number): number {
  let at = from;
  while (at < stop && bytes[at] !== TAB) at += bytes[at] === BACKSLASH ? 2 : 1;
  return Math.min(at, stop);
}
