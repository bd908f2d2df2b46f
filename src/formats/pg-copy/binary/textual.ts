/** text and its relatives: the text itself, as UTF-8. */
import type { ByteWriter } from "../../../core/ports/byte-writer.ts";
import type { TextualType } from "./binary-type.ts";

/** From this length on native calls beat a loop. */
const LOOP_LIMIT = 48;
/** More characters are counted before room is made for their bytes. */
const COUNT_LIMIT = 4_096;
/** What the server takes as one field. */
const MAX_FIELD = 2 ** 30 - 1;
/** The server cuts a longer name off where it is text, and refuses it where it is binary. */
const MAX_NAME = 63;

/** Texts that the server takes for nothing else. */
export const text: TextualType = { oid: 25, maxBytes: MAX_FIELD };
/** The server holds the text to its length. */
export const varchar: TextualType = { oid: 1043, maxBytes: MAX_FIELD };
/** The server fills the text up with blanks. */
export const bpchar: TextualType = { oid: 1042, maxBytes: MAX_FIELD };
/** A name in the server's catalogue. */
export const name: TextualType = { oid: 19, maxBytes: MAX_NAME };
/** The server checks that it is JSON. */
export const json: TextualType = { oid: 114, maxBytes: MAX_FIELD };
/** The server reads the JSON behind the number of this format. */
export const jsonb: TextualType = { oid: 3802, version: 1, maxBytes: MAX_FIELD };
/** A label of any enumeration; its own oid is not known, so there are no arrays of it. */
export const enumeration: TextualType = { oid: 0, maxBytes: MAX_FIELD };

/** 1 for what no text of Postgres holds: the NUL character. */
export const forbidden = new Uint8Array(256);
forbidden[0] = 1;

/** Writes a text; false when Postgres cannot hold it, and then a part of it may be written. */
export function putText(to: ByteWriter, value: string, maxBytes: number): boolean {
  const begin = to.length;
  if (value.length > LOOP_LIMIT || !putAscii(to, value)) {
    if (value.includes("\0") || !value.isWellFormed()) return false;
    to.reserve(value.length > COUNT_LIMIT ? Buffer.byteLength(value) : value.length * 3);
    to.length += to.bytes.write(value, to.length, "utf8");
  }
  return to.length - begin <= maxBytes;
}

/** Writes a short text and says true, or says false and leaves nothing behind. */
function putAscii(to: ByteWriter, value: string): boolean {
  const { length } = value;
  to.reserve(length);
  const { bytes } = to;
  let at = to.length;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code === 0 || code > 127) return false;
    bytes[at++] = code;
  }
  to.length = at;
  return true;
}
