/** What stands before the first element of a JSON array: a byte order mark, blanks, the opening bracket. */
import { MillraceError } from "../../core/errors.ts";
import type { Header } from "../../core/ports/format.ts";
import { bufferOf, lineFeeds } from "../lines.ts";

const SPACE = 32;
const OPEN_ARRAY = 91;
const MARK = [0xef, 0xbb, 0xbf];

/**
 * Reads the head of a file.
 *
 * @returns null when more bytes are needed
 * @throws MillraceError HEADER_INVALID when it does not begin with an array
 */
export function readArrayStart(input: Uint8Array, final: boolean): Header | null {
  const bytes = bufferOf(input);
  let at = MARK.every((byte, index) => bytes[index] === byte) ? MARK.length : 0;
  while (at < bytes.length && (bytes[at] as number) <= SPACE) at++;
  if (bytes[at] === OPEN_ARRAY && at + 1 < bytes.length) return { dataOffset: at + 1, lines: lineFeeds(bytes, 0, at) };
  if (!final && (at + 1 >= bytes.length || bytes.length < MARK.length)) return null;
  throw new MillraceError("HEADER_INVALID", whyNoArray(bytes, at));
}

function whyNoArray(bytes: Buffer, at: number): string {
  if (at === bytes.length) return "it is empty, and a JSON array was expected: an array without elements is []";
  const byte = bytes[at] as number;
  if (byte === OPEN_ARRAY)
    return "the file ends behind the opening bracket: it may be cut; an array without elements is []";
  if (byte > 126) return "it does not begin with a JSON array in UTF-8: convert it first";
  const found = `it begins with ${JSON.stringify(String.fromCharCode(byte))}`;
  return `${found}, and a JSON array was expected: [; for one JSON value a line set source.format to jsonl`;
}
