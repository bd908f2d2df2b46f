/** The text of one field of COPY text. The format's own decoder reads rows in the threads; here a few fields are. */

const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const NULL = String.raw`\N`;

/**
 * The text in `bytes[begin, end)` with its escapes undone; null for null.
 *
 * Source: PostgreSQL documentation, COPY, "Text Format".
 */
export function serverTextOf(bytes: Uint8Array, begin: number, end: number): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("utf8");
  if (text === NULL) return null;
  return text.replaceAll(/\\([^])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
