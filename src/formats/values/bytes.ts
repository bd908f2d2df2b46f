/** Reader of bytes. */
import { type ColumnReader, INVALID } from "./reader.ts";

const BACKSLASH = 92;
// one character class repeated: a repeated group would overflow the engine's stack on a field of megabytes
const base64 = /^[A-Za-z0-9+/]*={0,2}$/;
const hex = /^\\x[0-9a-fA-F]*$/;

/** Base64 (padding may be missing), or hexadecimal as Postgres writes it: `\x` and pairs of digits. */
export const bytesReader: ColumnReader = {
  expected: "base64, or \\x and pairs of hexadecimal digits",
  exact: false,
  read: readBytes,
  readJson: (value) => (typeof value === "string" ? readBytes(value) : INVALID),
  // a sink takes the text of one notation for bytes of another
  plain: () => false,
};

function readBytes(text: string): Uint8Array | typeof INVALID {
  if (text.charCodeAt(0) === BACKSLASH) return isHex(text) ? copyOf(Buffer.from(text.slice(2), "hex")) : INVALID;
  return isBase64(text) ? copyOf(Buffer.from(text, "base64")) : INVALID;
}

function isHex(text: string): boolean {
  return text.length % 2 === 0 && hex.test(text);
}

/** Padding fills the last four characters or is left out; one character alone holds no byte. */
function isBase64(text: string): boolean {
  if (!base64.test(text)) return false;
  return text.endsWith("=") ? text.length % 4 === 0 : text.length % 4 !== 1;
}

/** A plain Uint8Array of its own: a Buffer shows in JSON and in `instanceof` tests of user code, and shares its memory. */
function copyOf(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}
