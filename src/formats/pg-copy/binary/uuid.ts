/** uuid: 16 bytes. */
import type { ParsedType } from "./binary-type.ts";
import { hexPair } from "./hex.ts";

const DASH = 45;
/** 8-4-4-4-12 digits. */
const LENGTH = 36;
const BARE_LENGTH = 32;
const BYTES = 16;

/** Digits in either case, with the four dashes or with none. */
export const uuid: ParsedType = {
  oid: 2950,
  read(to, at, from, begin, end) {
    if (end - begin === LENGTH) return readDashed(to, at, from, begin);
    return end - begin === BARE_LENGTH ? readBare(to, at, from, begin) : -1;
  },
  put: () => -1,
};

function readDashed(to: DataView, at: number, from: DataView, begin: number): number {
  const dashes =
    (from.getUint8(begin + 8) ^ DASH) |
    (from.getUint8(begin + 13) ^ DASH) |
    (from.getUint8(begin + 18) ^ DASH) |
    (from.getUint8(begin + 23) ^ DASH);
  const digits =
    copyWord(to, at, from, begin) |
    copyWord(to, at + 2, from, begin + 4) |
    copyWord(to, at + 4, from, begin + 9) |
    copyWord(to, at + 6, from, begin + 14) |
    copyWord(to, at + 8, from, begin + 19) |
    copyWord(to, at + 10, from, begin + 24) |
    copyWord(to, at + 12, from, begin + 28) |
    copyWord(to, at + 14, from, begin + 32);
  return digits < 0 || dashes !== 0 ? -1 : at + BYTES;
}

function readBare(to: DataView, at: number, from: DataView, begin: number): number {
  let digits = 0;
  for (let place = 0; place < BYTES; place += 2) digits |= copyWord(to, at + place, from, begin + 2 * place);
  return digits < 0 ? -1 : at + BYTES;
}

/** Writes four digits as two bytes; negative when they are none. */
function copyWord(to: DataView, at: number, from: DataView, begin: number): number {
  const pair = hexPair(from, begin);
  to.setInt16(at, pair);
  return pair;
}
