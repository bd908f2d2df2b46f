/** Texts as ASCII bytes, so that one parser serves fields that lie in memory and strings. */

/** Longer than any notation of a fixed width. */
const KEPT_BYTES = 64;
const kept = new Uint8Array(KEPT_BYTES);
/** Stands for all characters beyond ASCII; no notation holds it. */
const FOREIGN = 0;
const ZERO = 48;

/** The characters of a text as bytes; what lies behind them means nothing. Valid until the next call. */
export function asciiBytes(text: string): Uint8Array {
  const { length } = text;
  const bytes = length <= KEPT_BYTES ? kept : new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    bytes[i] = code < 128 ? code : FOREIGN;
  }
  return bytes;
}

/** The offset behind the decimal digits at `begin`. */
export function digitsEnd(bytes: Uint8Array, begin: number, end: number): number {
  let at = begin;
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) < ZERO + 10) at++;
  return at;
}
