/** How many columns of a terminal a text takes; names of files and values of records may be in any script. */

/** Marks that stand on the letter before them, joiners and other characters without a width. */
const WITHOUT_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** What terminals draw two columns wide: East Asian wide and full-width blocks, and pictures (Unicode UAX #11). */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u;

/** Every character of the text is one column wide; nearly all text is. */
const PLAIN = /^[\u0020-\u007E\u00A1-\u02FF\u2010-\u2027\u2500-\u259F]*$/;

/**
 * Columns that a text without control characters and escape sequences takes.
 *
 * @example
 * displayWidth("東京"); // 4
 */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/**
 * The beginning of a text that fits into `columns`, with `more` at its end when something was cut off.
 *
 * @example
 * clip("a long name.csv", 8, "..."); // "a lon..."
 */
export function clip(text: string, columns: number, more = ""): string {
  if (displayWidth(text) <= columns) return text;
  const room = columns - displayWidth(more);
  if (room < 0) return clip(more, Math.max(0, columns));
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > room) break;
    end += character.length;
  }
  return text.slice(0, end) + more;
}

/** A text without what would move a terminal's cursor or change its colours. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, "?");
}

function widthOf(character: string): number {
  if (WITHOUT_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
