/** bytea, from text; bytes themselves are just copied. */
import type { ParsedType } from "./binary-type.ts";
import { hexByte } from "./hex.ts";

const BACKSLASH = 92;
const SMALL_X = 120;

/**
 * `\x` and pairs of digits, or ASCII characters that stand for themselves.
 *
 * Source: PostgreSQL documentation, "Binary Data Types".
 */
export const bytea: ParsedType = {
  oid: 17,
  read(to, at, from, begin, end) {
    const isHex = end - begin >= 2 && from.getUint8(begin) === BACKSLASH && from.getUint8(begin + 1) === SMALL_X;
    if (!isHex) return copyPlain(to, at, from, begin, end);
    return (end - begin) % 2 === 0 ? copyHex(to, at, from, begin + 2, end) : -1;
  },
  put: () => -1,
};

/** Backslashes begin escapes, and what is beyond ASCII depends on the server's encoding. */
function copyPlain(to: DataView, at: number, from: DataView, begin: number, end: number): number {
  let behind = at;
  for (let next = begin; next < end; next++) {
    const byte = from.getUint8(next);
    if (byte === BACKSLASH || byte === 0 || byte > 127) return -1;
    to.setUint8(behind++, byte);
  }
  return behind;
}

function copyHex(to: DataView, at: number, from: DataView, begin: number, end: number): number {
  let behind = at;
  let all = 0;
  for (let next = begin; next < end; next += 2) {
    const byte = hexByte(from, next);
    all |= byte;
    to.setUint8(behind++, byte);
  }
  return all < 0 ? -1 : behind;
}
