/** How deep JSON may nest (SEMANTICS "JSON Lines"): deeper values break programs that walk them by recursion. */

/** Arrays and objects inside each other. */
export const MAX_JSON_DEPTH = 1_000;

const QUOTE = 34;
const BACKSLASH = 92;

/** Whether the brackets of a JSON text nest deeper than {@link MAX_JSON_DEPTH}; says nothing about its validity. */
export function nestingExceeds(text: string): boolean {
  // every level opens and closes, so a short text cannot be too deep and is not looked at
  if (text.length <= 2 * MAX_JSON_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at + 1);
    } else if ((code | 32) === 123) {
      // [ and { differ in one bit, as do ] and }
      if (++depth > MAX_JSON_DEPTH) return true;
    } else if ((code | 32) === 125) {
      depth--;
    }
  }
  return false;
}

/** The place of the quote that closes the string whose text begins at `from`. */
function stringEnd(text: string, from: number): number {
  for (let quote = text.indexOf('"', from); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return text.length;
}
