/** Line ends in bytes, whatever the quotes say. */
import { CR, LF } from "../lines.ts";

/** The offset behind the first line feed at or behind `begin`; 0 when `[begin, end)` has none. */
export function behindLine(bytes: Buffer, begin: number, end: number): number {
  const at = bytes.indexOf(LF, begin);
  return at === -1 || at >= end ? 0 : at + 1;
}

/** Where the text of a line ends, given the offset behind its line feed. */
export function textEnd(bytes: Uint8Array, begin: number, behind: number): number {
  const stop = behind - 1;
  return stop > begin && bytes[stop - 1] === CR ? stop - 1 : stop;
}
