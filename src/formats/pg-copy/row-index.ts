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

/** Flags of a byte that is part of a field. */
const flagsOf = Int32Array.from({ length: 256 }, (_, byte) => {
  if (byte > DELETE) return NON_ASCII;
  return byte < SPACE || byte === QUOTE || byte === BACKSLASH ? SPECIAL : 0;
});

/**
 * An index over text without escapes: of rows that have some a copy is made in which they are undone, so that everyone
 * behind finds each field's text as it is. A field that is not null counts as quoted: nothing in it means anything else.
 */
export class RowIndex {
  readonly fields = new FieldIndex();
  /** What the index is about: the bytes that were given, or the copy. */
  bytes: Buffer = Buffer.alloc(0);
  #copy: Buffer = Buffer.alloc(0);
  /** The last rows had escapes; then the next ones mostly have some too. */
  #hasEscapes = false;

  /** @param ends offsets behind the rows, their line ends included */
  index(bytes: Buffer, ends: Int32Array): void {
    if (this.#hasEscapes || !this.#indexPlain(bytes, ends)) this.#indexUnescaping(bytes, ends);
  }

  /** False when it comes upon an escape. */
  #indexPlain(bytes: Buffer, ends: Int32Array): boolean {
    const { fields } = this;
    fields.clear();
    this.bytes = bytes;
    let start = 0;
    for (const end of ends) {
      const stop = rowStop(bytes, start, end);
      const first = fields.fieldCount;
      let flags = QUOTED;
      let begin = start;
      for (let at = start; at < stop; at++) {
        const byte = bytes[at] as number;
        const flag = flagsOf[byte] as number;
        if (flag === 0) continue;
        if (byte === TAB) {
          addField(fields, begin, at, flags);
          begin = at + 1;
          flags = QUOTED;
        } else if (byte === BACKSLASH) {
          if (!isNull(bytes, begin, at, stop)) return false;
          flags = 0;
          at++;
        } else {
          flags |= flag;
        }
      }
      addField(fields, begin, stop, flags);
      fields.addRecord(start, stop, first, 0);
      start = end;
    }
    return true;
  }

  #indexUnescaping(bytes: Buffer, ends: Int32Array): void {
    const { fields } = this;
    fields.clear();
    // undoing an escape makes the text shorter
    if (this.#copy.length < bytes.length) this.#copy = Buffer.allocUnsafe(bytes.length);
    const to = this.#copy;
    this.bytes = to;
    this.#hasEscapes = false;
    let start = 0;
    let written = 0;
    for (const end of ends) {
      const stop = rowStop(bytes, start, end);
      const first = fields.fieldCount;
      const from = written;
      let flags = QUOTED;
      let begin = written;
      for (let at = start, field = start; at < stop; at++) {
        let byte = bytes[at] as number;
        if (byte === TAB) {
          addField(fields, begin, written, flags);
          // what reads a field need not look beyond it
          to[written++] = TAB;
          begin = written;
          field = at + 1;
          flags = QUOTED;
          continue;
        }
        if (byte === BACKSLASH) {
          at++;
          if (isNull(bytes, field, at - 1, stop)) {
            flags = 0;
            continue;
          }
          this.#hasEscapes = true;
          byte = unescaped[bytes[at] as number] as number;
        }
        flags |= flagsOf[byte] as number;
        to[written++] = byte;
      }
      addField(fields, begin, written, flags);
      fields.addRecord(from, written, first, 0);
      start = end;
    }
  }
}

/** Where a row's text ends: before its line end, if it has one. */
export function rowStop(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === LF ? end - 1 : end;
}

/** Whether the backslash at `at` begins a field that is null. */
function isNull(bytes: Uint8Array, begin: number, at: number, stop: number): boolean {
  return at === begin && bytes[at + 1] === CAPITAL_N && (at + 2 === stop || bytes[at + 2] === TAB);
}

function addField(fields: FieldIndex, begin: number, end: number, flags: number): void {
  if (flags === 0) fields.addField(NULL_BEGIN, NULL_WORD);
  else fields.addField(begin, end | flags);
}
