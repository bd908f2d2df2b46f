/** How text and bytes come into a {@link ByteWriter}; each function makes its own room. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";

/** From this length on a native write of text beats a loop. */
const TEXT_LOOP_LIMIT = 32;
/** From this length on a native copy of bytes does. */
const COPY_LOOP_LIMIT = 100;
/** Of a number of 32 bits, with its sign. */
const MAX_DIGITS = 11;
const MINUS = 45;
const ZERO = 48;

/** Writes one byte. */
export function putByte(to: ByteWriter, byte: number): void {
  to.reserve(1);
  to.bytes[to.length++] = byte;
}

/** Writes text that is known to be ASCII. */
export function putAscii(to: ByteWriter, text: string): void {
  const { length } = text;
  to.reserve(length);
  if (length > TEXT_LOOP_LIMIT) {
    to.length += to.bytes.write(text, to.length, "latin1");
    return;
  }
  const { bytes } = to;
  let at = to.length;
  for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
  to.length = at;
}

/** Writes a number as JavaScript would; most are small and whole, and no string is made for those. */
export function putNumber(to: ByteWriter, value: number): void {
  if ((value | 0) !== value) return putAscii(to, `${value}`);
  to.reserve(MAX_DIGITS);
  const { bytes } = to;
  let rest = value;
  if (rest < 0) {
    rest = -rest;
    bytes[to.length++] = MINUS;
  }
  let at = to.length + 1;
  for (let power = 10; power <= rest; power *= 10) at++;
  to.length = at;
  do {
    const tens = Math.floor(rest / 10);
    bytes[--at] = ZERO + rest - tens * 10;
    rest = tens;
  } while (rest > 0);
}

/** Writes text as UTF-8; a lone surrogate becomes U+FFFD. */
export function putUtf8(to: ByteWriter, text: string): void {
  const { length } = text;
  to.reserve(length * 3);
  if (length <= TEXT_LOOP_LIMIT && putIfAscii(to, text)) return;
  to.length += to.bytes.write(text, to.length, "utf8");
}

/** Copies `from[begin, end)`. */
export function putCopy(to: ByteWriter, from: Uint8Array, begin: number, end: number): void {
  const length = end - begin;
  to.reserve(length);
  const { bytes } = to;
  let at = to.length;
  to.length += length;
  if (length > COPY_LOOP_LIMIT) {
    bytes.set(from.subarray(begin, end), at);
    return;
  }
  let next = begin;
  // four bytes a turn: the loop itself costs as much as they do
  for (; next + 4 <= end; next += 4, at += 4) {
    bytes[at] = from[next] as number;
    bytes[at + 1] = from[next + 1] as number;
    bytes[at + 2] = from[next + 2] as number;
    bytes[at + 3] = from[next + 3] as number;
  }
  for (; next < end; next++) bytes[at++] = from[next] as number;
}

/**
 * Copies `from[begin, end)` up to the first byte that `special` marks.
 *
 * @param special an entry for each of the 256 bytes; 0 for those to be copied
 * @returns where it stopped: `end`, or the place of that byte
 */
export function putUntil(to: ByteWriter, from: Uint8Array, begin: number, end: number, special: Uint8Array): number {
  to.reserve(end - begin);
  const { bytes } = to;
  let at = to.length;
  let next = begin;
  // four bytes a turn, as in putCopy
  for (; next + 4 <= end; next += 4, at += 4) {
    const first = from[next] as number;
    const second = from[next + 1] as number;
    const third = from[next + 2] as number;
    const fourth = from[next + 3] as number;
    const marks =
      (special[first] as number) |
      (special[second] as number) |
      (special[third] as number) |
      (special[fourth] as number);
    if (marks !== 0) break;
    bytes[at] = first;
    bytes[at + 1] = second;
    bytes[at + 2] = third;
    bytes[at + 3] = fourth;
  }
  for (; next < end; next++) {
    const byte = from[next] as number;
    if (special[byte] !== 0) break;
    bytes[at++] = byte;
  }
  to.length = at;
  return next;
}

/** Writes a short text and says true, or says false and leaves nothing behind; room is made by the caller. */
function putIfAscii(to: ByteWriter, text: string): boolean {
  const { bytes } = to;
  let at = to.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return false;
    bytes[at++] = code;
  }
  to.length = at;
  return true;
}
