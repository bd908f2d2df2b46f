/** Reader of bytes. */
import { type ColumnReader, INVALID } from "./reader.ts";

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const hex = /^\\x(?:[0-9a-fA-F]{2})*$/;

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
  if (text.charCodeAt(0) === 92) return hex.test(text) ? copyOf(Buffer.from(text.slice(2), "hex")) : INVALID;
  return base64.test(text) ? copyOf(Buffer.from(text, "base64")) : INVALID;
}

/** A plain Uint8Array of its own: a Buffer shows in JSON and in `instanceof` tests of user code, and shares its memory. */
function copyOf(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}
