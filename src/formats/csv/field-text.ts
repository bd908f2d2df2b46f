/** Turns the bytes of fields into text. */
import { isUtf8 } from "node:buffer";
import type { Dialect } from "./dialect.ts";
import { ESCAPED, NON_ASCII, OFFSET } from "./field-index.ts";

/** Bytes that are made a string at once; ASCII fields are slices of it. */
const WINDOW = 48 * 1024;

const REPLACEMENT = "\uFFFD";

/** Reads fields of the bytes it was given last. */
export class FieldText {
  bytes: Buffer = Buffer.alloc(0);
  readonly #utf8: boolean;
  readonly #escapes: RegExp;
  #window = "";
  #from = 0;
  #to = 0;

  constructor(dialect: Dialect) {
    this.#utf8 = dialect.encoding === "utf-8";
    const [quote, escape] = [quoted(dialect.quote), quoted(dialect.escape)];
    this.#escapes = new RegExp(`${escape}(${quote}|${escape})`, "g");
  }

  /** Reads from other bytes. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.#window = "";
    this.#from = 0;
    this.#to = 0;
  }

  /** To be called for a record before its fields are read; records are best read in order. */
  enter(start: number, stop: number): void {
    if (start >= this.#from && stop <= this.#to) return;
    this.#from = start;
    this.#to = Math.min(this.bytes.length, Math.max(stop, start + WINDOW));
    this.#window = this.bytes.toString("latin1", this.#from, this.#to);
  }

  /** The text of a field from the structural index, escapes undone; null when its bytes are not valid in the encoding. */
  read(begin: number, word: number): string | null {
    const end = word & OFFSET;
    if ((word & (NON_ASCII | ESCAPED)) === 0) return this.ascii(begin, end);
    const text = this.#raw(begin, end, (word & NON_ASCII) !== 0 && this.#utf8);
    return text === null || (word & ESCAPED) === 0 ? text : text.replace(this.#escapes, "$1");
  }

  /** The text of a field that is ASCII and without escapes. */
  ascii(begin: number, end: number): string {
    return this.#window.slice(begin - this.#from, end - this.#from);
  }

  #raw(begin: number, end: number, multibyte: boolean): string | null {
    if (!multibyte) return this.ascii(begin, end);
    const text = this.bytes.toString("utf8", begin, end);
    // only text with a replacement character can come from invalid bytes, and then they are looked at
    return text.includes(REPLACEMENT) && !isUtf8(this.bytes.subarray(begin, end)) ? null : text;
  }
}

function quoted(byte: number): string {
  return byte < 0 ? "(?!)" : RegExp.escape(String.fromCharCode(byte));
}
