/** Decides as text whether a field needs quotes, and writes them; the byte encoder's counterpart is `field-writer.ts`. */
import { unwritable } from "../values/json-text.ts";
import type { Dialect, MarkTexts } from "./dialect.ts";

const BYTE_ORDER_MARK = "\uFEFF";

/** Quotes fields of one dialect, its marks as long as they may be. */
export class FieldQuoter {
  /** How a text without characters is written: nothing where there are no quotes. */
  readonly empty: string;
  readonly #marks: MarkTexts;
  readonly #nullMarks: ReadonlySet<string>;
  readonly #escapes: RegExp;

  constructor({ texts, nullMarks }: Dialect) {
    const { quote, escape } = texts;
    this.#marks = texts;
    this.#nullMarks = nullMarks;
    this.empty = quote === null ? "" : quote + quote;
    const marks = [quote, escape].flatMap((mark) => (mark === null ? [] : [RegExp.escape(mark)]));
    this.#escapes = new RegExp(marks.length === 0 ? "(?!)" : marks.join("|"), "g");
  }

  /**
   * The text as it stands in a row.
   *
   * @param leads whether it is the first field of its row
   * @throws MillraceError VALUE_INVALID for a text that the dialect has no way to write
   */
  quoted(text: string, column: string, leads: boolean): string {
    if (text === "") return this.empty;
    if (!this.#needsQuotes(text, leads)) return text;
    const { quote, escape } = this.#marks;
    if (quote === null || escape === null) {
      throw unwritable(
        column,
        "the text holds a delimiter or line end, or reads as null or a comment, and csv.quote is null",
      );
    }
    const inside = text.replaceAll(this.#escapes, (mark) => escape + mark) + quote;
    if (closingQuote(inside, quote, escape) + quote.length !== inside.length) {
      throw unwritable(column, `the text cannot stand between the quotes ${quote} of several characters`);
    }
    return quote + inside;
  }

  #needsQuotes(text: string, leads: boolean): boolean {
    const { delimiter, quote, comment } = this.#marks;
    // the end of the text may make a mark together with what follows
    const field = text + delimiter;
    if (/[\r\n]/.test(text) || field.indexOf(delimiter) < text.length) return true;
    if (quote !== null && field.includes(quote)) return true;
    if (leads && (text.startsWith(BYTE_ORDER_MARK) || (comment !== null && field.startsWith(comment)))) return true;
    if (this.#nullMarks.has(text)) return true;
    // readers that trim would drop them; where nothing can quote they stay bare, which our reader takes as they are
    return quote !== null && (this.#isBlank(text[0]) || this.#isBlank(text.at(-1)));
  }

  #isBlank(character: string | undefined): boolean {
    return (character === " " || character === "\t") && !this.#marks.delimiter.includes(character);
  }
}

/** Where a reader finds the quote that closes the field whose text `inside` begins with. */
function closingQuote(inside: string, quote: string, escape: string): number {
  let at = 0;
  while (at < inside.length) {
    const mark = [quote, escape].find((next) => inside.startsWith(escape + next, at));
    if (mark !== undefined) at += escape.length + mark.length;
    else if (inside.startsWith(quote, at)) return at;
    else at++;
  }
  return at;
}
