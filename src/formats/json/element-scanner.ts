/**
 * Finds the end of one element of a JSON array by its depth, strings and line ends, without reading its values.
 *
 * Element after element, from a border (the place behind a comma, or behind the opening bracket) on: nothing of this needs
 * to be guessed, so splitter and decoder come to the same. What stands between two commas is an element, whatever it is;
 * whether it is JSON the decoder says.
 *
 * Three faults would hide the end of an element: a string with a line end in it (its quote is missing), a bracket that
 * closes another kind, and an object or array where a key is due (a brace is missing). The element then ends with the
 * first line, from the fault on, that looks like the last one of an element: it begins at the broken element's own
 * indentation and ends with its kind of bracket and a comma. That finds the next element in files with one element a line
 * and in indented ones; where elements do not begin lines it cannot be found.
 */
import { CR, LF } from "../lines.ts";

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
/** An opening bracket and its closing one are this far apart. */
const TO_CLOSING = 2;
/** Levels whose kind is known; deeper ones are closed by either bracket, and the decoder refuses them anyway. */
const KNOWN_LEVELS = 1_024;

/** What ends an element. */
export type ElementEnd =
  /** A comma. */
  | "comma"
  /** The array's closing bracket. */
  | "close"
  /** A fault, and behind it a line that looks like an element's last: the border is behind the comma that ends it. */
  | "broken"
  /** A fault, and nothing tells where the next element begins. */
  | "lost"
  /** Nothing: the bytes end before. */
  | "cut";

/** Scans one element at a time. */
export class ElementScanner {
  /** Offset behind the element's text: the comma or bracket; of `lost` the fault. */
  stop = 0;
  /** Offset of the next border; of `close` that of the bracket. */
  next = 0;
  /** Offset of the last byte that had to be seen for it: the element's end for all that is about its size. */
  seen = 0;
  readonly #kinds = new Uint8Array(KNOWN_LEVELS);
  #bytes: Uint8Array = new Uint8Array(0);
  #begin = 0;
  #end = 0;
  /** What ended {@link #follow} is a fault. */
  #isFault = false;

  /**
   * Follows the element that begins, perhaps behind blanks, at the border `begin`.
   *
   * @param closed no more bytes follow, so a broken element may be the last
   */
  scan(bytes: Uint8Array, begin: number, end: number, closed: boolean): ElementEnd {
    this.#bytes = bytes;
    this.#begin = begin;
    this.#end = end;
    const at = this.#follow();
    if (at === end) return "cut";
    const byte = bytes[at] as number;
    this.stop = at;
    this.seen = at;
    this.next = byte === COMMA ? at + 1 : at;
    if (this.#isFault) return this.#recover(at, closed);
    return byte === COMMA ? "comma" : "close";
  }

  /** The offset of what ends the element, or of a fault in its structure; the end of the bytes when there is neither. */
  #follow(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const kinds = this.#kinds;
    let depth = 0;
    let keyDue = false;
    this.#isFault = true;
    for (let at = this.#begin; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte <= SPACE) continue;
      if (byte === QUOTE) {
        at = this.#stringEnd(at + 1);
        if (at === end || bytes[at] === LF) return at;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (keyDue) return at;
        if (depth < KNOWN_LEVELS) kinds[depth] = byte + TO_CLOSING;
        depth++;
        keyDue = byte === OPEN_OBJECT;
        continue;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (depth === 0) {
          this.#isFault = byte === CLOSE_OBJECT;
          return at;
        }
        depth--;
        if (depth < KNOWN_LEVELS && kinds[depth] !== byte) return at;
      } else if (byte === COMMA) {
        if (depth === 0) {
          this.#isFault = false;
          return at;
        }
        keyDue = depth <= KNOWN_LEVELS && kinds[depth - 1] === CLOSE_OBJECT;
        continue;
      }
      keyDue = false;
    }
    return end;
  }

  /** The offset of the quote that ends a string, of a line end in it, or the end of the bytes. */
  #stringEnd(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    for (let at = from; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE || byte === LF) return at;
      if (byte === BACKSLASH) at++;
    }
    return end;
  }

  /** Looks for the line that ends the broken element. */
  #recover(fault: number, closed: boolean): ElementEnd {
    const bytes = this.#bytes;
    const first = this.#firstByte();
    const indentation = this.#lineStart(first) + 1;
    const kind = bytes[first] as number;
    const isNested = kind === OPEN_OBJECT || kind === OPEN_ARRAY;
    if (!isNested || indentation === 0 || !this.#areBlanks(indentation, first)) return "lost";
    const width = first - indentation;
    for (let line = Math.max(indentation, this.#lineStart(fault) + 1); line < this.#end; ) {
      const feed = bytes.indexOf(LF, line);
      if (feed === -1 || feed >= this.#end) break;
      const comma = this.#lastByte(line, feed);
      if (this.#looksLast(line, comma, { indentation, width, kind })) {
        this.stop = comma;
        this.next = comma + 1;
        this.seen = feed;
        return "broken";
      }
      line = feed + 1;
    }
    if (!closed) return "cut";
    this.stop = this.#end;
    this.next = this.#end;
    this.seen = this.#end;
    return "broken";
  }

  #looksLast(
    line: number,
    comma: number,
    own: { readonly indentation: number; readonly width: number; readonly kind: number },
  ): boolean {
    const bytes = this.#bytes;
    const closing = own.kind + TO_CLOSING;
    if (bytes[comma] !== COMMA || bytes[this.#lastByte(line, comma)] !== closing) return false;
    for (let i = 0; i < own.width; i++) if (bytes[line + i] !== bytes[own.indentation + i]) return false;
    const first = bytes[line + own.width];
    return first === own.kind || first === closing;
  }

  #firstByte(): number {
    let at = this.#begin;
    while (at < this.#end && (this.#bytes[at] as number) <= SPACE) at++;
    return at;
  }

  /** The last line feed before `at` in the element and the blanks before it; -1 when there is none. */
  #lineStart(at: number): number {
    for (let before = at - 1; before >= this.#begin; before--) if (this.#bytes[before] === LF) return before;
    return -1;
  }

  /** The last byte of `bytes[line, end)` that is no blank; `line - 1` when there is none. */
  #lastByte(line: number, end: number): number {
    let at = end - 1;
    while (at >= line && isBlank(this.#bytes[at])) at--;
    return at;
  }

  #areBlanks(begin: number, end: number): boolean {
    for (let at = begin; at < end; at++) if (!isBlank(this.#bytes[at])) return false;
    return true;
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB || byte === CR;
}
