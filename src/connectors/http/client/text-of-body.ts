/** What others say, made fit for a message. */

/** Characters of it that a message shows. */
const SHOWN = 200;

/** Control characters, line ends, and marks that turn the direction of writing: one line stays one line. */
const UNFIT = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu;

/**
 * The beginning of a text or of a body, on one line.
 *
 * @example
 * textOfBody(new TextEncoder().encode("no\r\n\u001b[31msuch item")); // "no [31msuch item"
 */
export function textOfBody(body: Uint8Array | string): string {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body.subarray(0, 8 * SHOWN));
  const line = text.replaceAll(UNFIT, " ").trim();
  return line.length > SHOWN ? `${line.slice(0, SHOWN).toWellFormed()}...` : line;
}
