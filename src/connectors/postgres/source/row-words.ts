/** Resume words: the texts of the columns by which the rows are ordered, taken out of a row of COPY text. */
import { MillraceError } from "../../../core/errors.ts";
import { serverTextOf } from "./server-text.ts";

const TAB = 9;
const LF = 10;

/** Makes and reads the resume words of one range. */
export class RowWords {
  readonly #names: readonly string[];
  /** For each of the names the number of its column. */
  readonly #places: readonly number[];

  /**
   * @param columns names of the columns of a row
   * @param order those that make the word
   */
  constructor(columns: readonly string[], order: readonly string[]) {
    this.#names = order;
    this.#places = order.map((name) => columns.indexOf(name));
  }

  /**
   * The word behind the row in `bytes[begin, end)`.
   *
   * @throws MillraceError SOURCE_FAILED when one of its columns is null: what comes behind null cannot be asked for
   */
  wordOf(bytes: Uint8Array, begin: number, end: number): string {
    const last = Math.max(...this.#places);
    const fields: (string | null)[] = [];
    for (let at = begin, field = 0; field <= last; field++) {
      const stop = fieldEnd(bytes, at, end);
      fields.push(this.#places.includes(field) ? serverTextOf(bytes, at, stop) : null);
      at = stop + 1;
    }
    const values = this.#places.map((place, index) => {
      const value = fields[place];
      if (typeof value === "string") return value;
      throw new MillraceError(
        "SOURCE_FAILED",
        `source: column "${this.#names[index] ?? ""}" is null in a row, and nothing can be read behind it; name other columns in key`,
      );
    });
    return JSON.stringify(values);
  }

  /** The values of a word; null for what is none of these columns. */
  valuesOf(word: string): readonly string[] | null {
    try {
      const values: unknown = JSON.parse(word);
      const fits = Array.isArray(values) && values.length === this.#names.length;
      return fits && values.every((value) => typeof value === "string") ? values : null;
    } catch {
      return null;
    }
  }
}

function fieldEnd(bytes: Uint8Array, begin: number, end: number): number {
  let at = begin;
  while (at < end && bytes[at] !== TAB && bytes[at] !== LF) at++;
  return at;
}
