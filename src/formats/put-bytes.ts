/** How text and bytes come into a {@link ByteWriter}; each function makes its own room. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";

/** From this length on a native copy beats a loop. */
const LOOP_LIMIT = 32;

/** Writes one byte. */
export function putByte(to: ByteWriter, byte: number): void {
  to.reserve(1);
  to.bytes[to.length++] = byte;
}

/** Writes text that is known to be ASCII. */
export function putAscii(to: ByteWriter, text: string): void {
  const { length } = text;
  to.reserve(length);
  if (length > LOOP_LIMIT) {
    to.length += to.bytes.write(text, to.length, "latin1");
    return;
  }
  const { bytes } = to;
  let at = to.length;
  for (let i = 0; i < length; i++) bytes[at++] = text.charCodeAt(i);
  to.length = at;
}

/** Writes text as UTF-8; a lone surrogate becomes U+FFFD. */
export function putUtf8(to: ByteWriter, text: string): void {
  const { length } = text;
  to.reserve(length * 3);
  if (length <= LOOP_LIMIT && putIfAscii(to, text)) return;
  to.length += to.bytes.write(text, to.length, "utf8");
}

/** Copies `from[begin, end)`. */
export function putCopy(to: ByteWriter, from: Uint8Array, begin: number, end: number): void {
  const length = end - begin;
  to.reserve(length);
  const { bytes } = to;
  if (length > LOOP_LIMIT) {
    bytes.set(from.subarray(begin, end), to.length);
    to.length += length;
    return;
  }
  let at = to.length;
  for (let i = begin; i < end; i++) bytes[at++] = from[i] as number;
  to.length = at;
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
