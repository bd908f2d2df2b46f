/** How the bytes of a file are text. */

/** The encodings of the `csv.encoding` key. */
export type Encoding = "utf-8" | "latin1" | "windows-1252" | "utf-16le" | "utf-16be";

/** Letters beside each other in UTF-16 mostly share their upper byte, which for Western text is zero. */
const MOSTLY = 0.7;

/** The encoding that the bytes of a file's beginning look like. */
export function guessEncoding(bytes: Uint8Array): Encoding {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return "utf-16le";
  if (first === 0xfe && second === 0xff) return "utf-16be";
  if (zeros(bytes, 1) > MOSTLY) return "utf-16le";
  if (zeros(bytes, 0) > MOSTLY) return "utf-16be";
  if (isUtf8(bytes)) return "utf-8";
  // Between 0x80 and 0x9F latin1 has control characters, which nobody writes, and windows-1252 quotes and dashes.
  return bytes.some((byte) => byte >= 0x80 && byte < 0xa0) ? "windows-1252" : "latin1";
}

/** The text as UTF-8, without a byte order mark. */
export function toUtf8(bytes: Uint8Array, encoding: Encoding): Buffer {
  const text = encoding === "latin1" ? Buffer.from(bytes).toString("latin1") : new TextDecoder(encoding).decode(bytes);
  return Buffer.from(text.replace(/^\uFEFF/, ""), "utf8");
}

/** The share of zeros among every other byte, from the one at `offset` on. */
function zeros(bytes: Uint8Array, offset: number): number {
  const pairs = Math.min(bytes.length, 4096) >>> 1;
  let found = 0;
  for (let pair = 0; pair < pairs; pair++) if (bytes[2 * pair + offset] === 0) found++;
  return pairs === 0 ? 0 : found / pairs;
}

/** A last character that is cut in two is no fault. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
