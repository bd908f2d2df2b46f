/** Backslash escapes by table: JSON strings and COPY text differ only in the table. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";
import { putByte, putUntil } from "./put-bytes.ts";

/** What becomes of the characters of a text. */
export interface Escapes {
  /** For each byte, or ASCII character: 0 as it is, the letter behind the backslash, {@link UNICODE} or {@link FORBIDDEN}. */
  readonly letters: Uint8Array;
  /** A surrogate without its other half, which UTF-8 cannot hold: {@link UNICODE} or {@link FORBIDDEN}. */
  readonly loneSurrogate: number;
}

/** Written as a backslash, u and four hexadecimal digits. */
export const UNICODE = 117;
/** Cannot be written at all. */
export const FORBIDDEN = 1;

const BACKSLASH = 92;
const QUOTE = 34;
/** Characters between two checks of the room: an unusual text must not reserve six times its size at once. */
const BLOCK = 512;
/** A backslash, u and four digits. */
const WIDEST = 6;
const HEX_DIGITS = Buffer.from("0123456789abcdef");

/** Makes a table: `escapes` maps characters to the letters behind their backslash. */
export function escapeTable(
  escapes: Readonly<Record<string, string>>,
  others: { readonly controls: number; readonly nul: number; readonly loneSurrogate: number },
): Escapes {
  const letters = new Uint8Array(256);
  letters.fill(others.controls, 0, 32);
  letters[0] = others.nul;
  for (const [character, letter] of Object.entries(escapes)) letters[character.charCodeAt(0)] = letter.charCodeAt(0);
  return { letters, loneSurrogate: others.loneSurrogate };
}

/** Writes a text as UTF-8 with escapes; false when it holds what is forbidden, and then a part of it is written. */
export function putEscaped(to: ByteWriter, text: string, escapes: Escapes): boolean {
  const { letters } = escapes;
  const { length } = text;
  for (let next = 0; next < length; ) {
    const limit = Math.min(length, next + BLOCK);
    to.reserve((limit - next + 1) * WIDEST);
    const { bytes } = to;
    let at = to.length;
    for (; next < limit; next++) {
      const code = text.charCodeAt(next);
      const letter = code < 128 ? (letters[code] as number) : 0;
      if (letter !== 0) {
        if (letter === FORBIDDEN) return false;
        at = writeEscape(bytes, at, code, letter);
      } else if (code < 128) {
        bytes[at++] = code;
      } else if (code < 0xd800 || code > 0xdfff) {
        at = writeUtf8(bytes, at, code);
      } else {
        const whole = text.codePointAt(next) as number;
        const paired = whole > 0xffff;
        if (!paired && escapes.loneSurrogate === FORBIDDEN) return false;
        at = paired ? writeUtf8(bytes, at, whole) : writeEscape(bytes, at, code, UNICODE);
        if (paired) next++;
      }
    }
    to.length = at;
  }
  return true;
}

/**
 * Writes UTF-8 bytes with escapes; false when they hold what is forbidden.
 *
 * @param doubledQuotes two quotes behind each other stand for one (the inside of a quoted CSV field)
 */
export function putEscapedBytes(
  to: ByteWriter,
  from: Uint8Array,
  { begin, end }: { readonly begin: number; readonly end: number },
  escapes: Escapes,
  doubledQuotes: boolean,
): boolean {
  if (doubledQuotes) return putDoubledQuotes(to, from, { begin, end }, escapes);
  const { letters } = escapes;
  for (let next = begin; ; next++) {
    next = putUntil(to, from, next, end, letters);
    if (next === end) return true;
    if (!putSpecial(to, from[next] as number, letters)) return false;
  }
}

/** The same for the inside of a quoted CSV field. */
function putDoubledQuotes(
  to: ByteWriter,
  from: Uint8Array,
  { begin, end }: { readonly begin: number; readonly end: number },
  { letters }: Escapes,
): boolean {
  for (let next = begin; next < end; next++) {
    const byte = from[next] as number;
    if (letters[byte] === 0) putByte(to, byte);
    else if (!putSpecial(to, byte, letters)) return false;
    if (byte === QUOTE) next++;
  }
  return true;
}

/** Writes a byte that is not written as it is. */
function putSpecial(to: ByteWriter, byte: number, letters: Uint8Array): boolean {
  const letter = letters[byte] as number;
  if (letter === FORBIDDEN) return false;
  to.reserve(WIDEST);
  to.length = writeEscape(to.bytes, to.length, byte, letter);
  return true;
}

function writeEscape(bytes: Uint8Array, from: number, code: number, letter: number): number {
  let at = from;
  bytes[at++] = BACKSLASH;
  bytes[at++] = letter;
  if (letter !== UNICODE) return at;
  for (let shift = 12; shift >= 0; shift -= 4) bytes[at++] = HEX_DIGITS[(code >> shift) & 15] as number;
  return at;
}

/** One code point from 128 on. */
function writeUtf8(bytes: Uint8Array, from: number, code: number): number {
  let at = from;
  if (code < 0x800) {
    bytes[at++] = 0xc0 | (code >> 6);
  } else {
    if (code < 0x10000) {
      bytes[at++] = 0xe0 | (code >> 12);
    } else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 63);
    }
    bytes[at++] = 0x80 | ((code >> 6) & 63);
  }
  bytes[at++] = 0x80 | (code & 63);
  return at;
}
