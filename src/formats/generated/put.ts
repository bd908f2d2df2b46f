/**
 * What generated row writers call: each writes at an offset into memory that has room for it and gives the offset behind.
 */

const WORD = 4;
const MINUS = 45;
const ZERO = 48;

/** Longer texts are written by other means; room for this many bytes is kept for each field. */
export const SHORT_TEXT = 64;
/** Room for a whole number of 32 bits. */
export const INTEGER_ROOM = 11;
/** Bytes that {@link copyField} may write behind the field. */
export const OVERSHOOT = WORD - 1;

/** Copies `from[begin, end)` in whole words where they can be read; what follows writes over the rest of the last one. */
export function copyField(to: DataView, offset: number, from: DataView, begin: number, end: number): number {
  if (end + OVERSHOOT > from.byteLength) return copyLast(to, offset, from, begin, end);
  let at = offset;
  for (let next = begin; next < end; next += WORD, at += WORD) to.setInt32(at, from.getInt32(next, true), true);
  return offset + end - begin;
}

/** The same at the end of the memory. */
function copyLast(to: DataView, offset: number, from: DataView, begin: number, end: number): number {
  let at = offset;
  for (let next = begin; next < end; next++) to.setUint8(at++, from.getUint8(next));
  return at;
}

/**
 * Writes an ASCII text in which `special` marks no character; at most {@link SHORT_TEXT} characters.
 *
 * @returns -1 for any other text
 */
export function putShort(to: Uint8Array, offset: number, text: string, special: Uint8Array): number {
  const { length } = text;
  if (length > SHORT_TEXT) return -1;
  let at = offset;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127 || special[code] !== 0) return -1;
    to[at++] = code;
  }
  return at;
}

/** Writes a whole number of 32 bits. */
export function putInteger(to: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let at = offset;
  if (rest < 0) {
    rest = -rest;
    to[at++] = MINUS;
  }
  let end = at + 1;
  for (let power = 10; power <= rest; power *= 10) end++;
  at = end;
  do {
    const tens = Math.floor(rest / 10);
    to[--at] = ZERO + rest - tens * 10;
    rest = tens;
  } while (rest > 0);
  return end;
}
