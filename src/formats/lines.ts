/** Lines in bytes, found natively, whatever quotes may say. */

/** A line feed. */
export const LF = 10;
/** A carriage return; before a line feed it belongs to the line end. */
export const CR = 13;

/** The same memory as a Buffer, whose searches and slices are native. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Line feeds in `bytes[begin, end)`. */
export function lineFeeds(bytes: Buffer, begin: number, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(LF, begin); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}

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

/** Whether `bytes[begin, end)` holds nothing but what JSON takes for blanks. */
export function isBlank(bytes: Uint8Array, begin: number, end: number): boolean {
  for (let at = begin; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte !== 32 && byte !== 9 && byte !== CR && byte !== LF) return false;
  }
  return true;
}
