/** Hexadecimal digits, two at a time. */

const DIGITS = Buffer.from("0123456789abcdefABCDEF");

/** The byte that two characters stand for, by these (the first one in the high byte); -1 where one of them is no digit. */
const bytes = new Int16Array(1 << 16).fill(-1);
for (const high of DIGITS) {
  for (const low of DIGITS) bytes[(high << 8) | low] = Number.parseInt(String.fromCharCode(high, low), 16);
}

/** The byte that the two digits at `begin` stand for; negative when one of them is no digit. */
export function hexByte(from: DataView, begin: number): number {
  return bytes[from.getUint16(begin)] as number;
}

/** The same for four digits: 16 bits. */
export function hexPair(from: DataView, begin: number): number {
  return (hexByte(from, begin) << 8) | hexByte(from, begin + 2);
}
