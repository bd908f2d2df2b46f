/** Turns the bytes of fields into text. */
import { decodeText, type TextEncoding } from "../encodings.ts";
import type { Dialect } from "./dialect.ts";
import { ESCAPED, NON_ASCII, OFFSET } from "./field-index.ts";

/** Bytes that are made a string at once; ASCII fields are slices of it. */
const WINDOW = 48 * 1024;

/** Reads fields of the bytes it was given last. */
export class FieldText {
  bytes: Buffer = Buffer.alloc(0);
  readonly #encoding: TextEncoding;
  readonly #escapes: RegExp;
  /** The text of the bytes from `windowStart` on, one character a byte. */
  window = "";
  windowStart = 0;
  #windowEnd = 0;

  constructor(dialect: Dialect) {
    this.#encoding = dialect.encoding;
    const [quote, escape] = [quoted(dialect.texts.quote), quoted(dialect.texts.escape)];
    this.#escapes = new RegExp(`${escape}(${quote}|${escape})`, "g");
  }

  /** Reads from other bytes. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.window = "";
    this.windowStart = 0;
    this.#windowEnd = 0;
  }

  /** To be called for a record before its fields are read; records are best read in order. */
  enter(start: number, stop: number): void {
    if (start >= this.windowStart && stop <= this.#windowEnd) return;
    this.windowStart = start;
    this.#windowEnd = Math.min(this.bytes.length, Math.max(stop, start + WINDOW));
    this.window = this.bytes.toString("latin1", start, this.#windowEnd);
  }

  /** The text of a field from the structural index, escapes undone; null when its bytes are not valid in the encoding. */
  read(begin: number, word: number): string | null {
    const end = word & OFFSET;
    if ((word & (NON_ASCII | ESCAPED)) === 0) return this.ascii(begin, end);
    const isBytes = (word & NON_ASCII) === 0 || this.#encoding === "latin1";
    const text = isBytes ? this.ascii(begin, end) : decodeText(this.bytes, begin, end, this.#encoding);
    return text === null || (word & ESCAPED) === 0 ? text : text.replace(this.#escapes, "$1");
  }

  /** The text of a field that is ASCII and without escapes. */
  ascii(begin: number, end: number): string {
    return this.window.slice(begin - this.windowStart, end - this.windowStart);
  }
}

function quoted(mark: string | null): string {
  return mark === null ? "(?!)" : RegExp.escape(mark);
}
