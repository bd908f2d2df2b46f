/** Writes one field of a CSV row and decides whether it needs quotes. */
import type { ByteWriter } from "../../core/ports/byte-writer.ts";
import type { FieldSpan } from "../../core/ports/format.ts";
import { CR, LF } from "../lines.ts";
import { putByte, putCopy, putUntil, putUtf8 } from "../put-bytes.ts";
import { unwritable } from "../values/json-text.ts";
import { type Dialect, isBlank } from "./dialect.ts";

const DOUBLE_QUOTE = 34;
const BYTE_ORDER_MARK = Buffer.from("\uFEFF");

/** Writes fields in one dialect. A field is first written bare, then looked at, then quoted in place where it must be. */
export class FieldWriter {
  readonly #dialect: Dialect;
  /** 1 for each byte that cannot stand in an unquoted field. */
  readonly special = new Uint8Array(256);

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
    for (const byte of [LF, CR, dialect.delimiter, dialect.quote]) if (byte >= 0) this.special[byte] = 1;
  }

  /**
   * Writes a text; an empty one as a pair of quotes, because nothing at all would be null.
   *
   * @param leads whether it is the first field of its row
   * @throws MillraceError VALUE_INVALID for half a surrogate pair, or text that the dialect has no way to write
   */
  putText(to: ByteWriter, text: string, column: string, leads: boolean): void {
    if (text === "") return this.putEmpty(to);
    const start = to.length;
    putUtf8(to, text);
    if (to.length - start !== text.length && !text.isWellFormed()) {
      throw unwritable(column, "the text holds half a surrogate pair, which UTF-8 cannot hold");
    }
    if (this.#needsQuotes(to.bytes, start, to.length, leads)) this.#quote(to, start, column);
  }

  /** Writes a field's source bytes: what was quoted and empty stays so, and what was bare and empty too. */
  putSpan(
    to: ByteWriter,
    from: Uint8Array,
    span: FieldSpan,
    column: string,
    leads: boolean,
    doubledQuotes: boolean,
  ): void {
    if (span.begin === span.end) {
      if (span.quoted) this.putEmpty(to);
      return;
    }
    const start = to.length;
    if (doubledQuotes) {
      putSingleQuotes(to, from, span);
      if (this.#needsQuotes(to.bytes, start, to.length, leads)) this.#quote(to, start, column);
      return;
    }
    // copied and looked through at once, for nearly no field holds anything special
    const stop = putUntil(to, from, span.begin, span.end, this.special);
    if (stop < span.end) putCopy(to, from, stop, span.end);
    if (stop < span.end || this.#isMistaken(to.bytes, start, to.length, leads)) this.#quote(to, start, column);
  }

  /** Writes a text without characters. */
  putEmpty(to: ByteWriter): void {
    const { quote } = this.#dialect;
    if (quote < 0) return;
    putByte(to, quote);
    putByte(to, quote);
  }

  #needsQuotes(bytes: Buffer, begin: number, end: number, leads: boolean): boolean {
    const special = this.special;
    for (let at = begin; at < end; at++) if (special[bytes[at] as number] !== 0) return true;
    return this.#isMistaken(bytes, begin, end, leads);
  }

  /** Whether a text without special bytes would be read as something else if it stood bare. */
  #isMistaken(bytes: Buffer, begin: number, end: number, leads: boolean): boolean {
    const first = bytes[begin];
    if (leads && (first === this.#dialect.comment || startsWithMark(bytes, begin, end))) return true;
    const { nullMarks, quote } = this.#dialect;
    if (nullMarks.size > 0 && nullMarks.has(bytes.toString("utf8", begin, end))) return true;
    // readers that trim would drop them; where nothing can quote they stay bare, which our reader takes as they are
    return quote >= 0 && (isBlank(first, this.#dialect) || isBlank(bytes[end - 1], this.#dialect));
  }

  /** Moves the field apart from its end, so that quotes and escapes find room. */
  #quote(to: ByteWriter, start: number, column: string): void {
    const { quote, escape } = this.#dialect;
    if (quote < 0) {
      throw unwritable(
        column,
        "the text holds a delimiter or line end, or reads as null or a comment, and csv.quote is null",
      );
    }
    const end = to.length;
    let escapes = 0;
    for (let at = start; at < end; at++) if (to.bytes[at] === quote || to.bytes[at] === escape) escapes++;
    to.reserve(escapes + 2);
    const { bytes } = to;
    let at = end + escapes + 1;
    to.length = at + 1;
    bytes[at--] = quote;
    for (let from = end - 1; from >= start; from--) {
      const byte = bytes[from] as number;
      bytes[at--] = byte;
      if (byte === quote || byte === escape) bytes[at--] = escape;
    }
    bytes[start] = quote;
  }
}

function startsWithMark(bytes: Buffer, begin: number, end: number): boolean {
  if (bytes[begin] !== BYTE_ORDER_MARK[0] || end - begin < BYTE_ORDER_MARK.length) return false;
  return BYTE_ORDER_MARK.every((byte, index) => bytes[begin + index] === byte);
}

/** Copies the inside of a quoted field and makes doubled quotes single ones. */
function putSingleQuotes(to: ByteWriter, from: Uint8Array, { begin, end }: FieldSpan): void {
  to.reserve(end - begin);
  const { bytes } = to;
  let { length } = to;
  for (let at = begin; at < end; at++) {
    const byte = from[at] as number;
    bytes[length++] = byte;
    if (byte === DOUBLE_QUOTE) at++;
  }
  to.length = length;
}
