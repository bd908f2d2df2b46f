/** Postgres array literals as JavaScript arrays: `{1,2}`, `{"a","b\"c",NULL}`, `{{1,2},{3,4}}`. */

const COMMA = ",";
const OPEN = "{";
const CLOSE = "}";
const QUOTE = '"';
const BACKSLASH = "\\";

/**
 * The elements of a literal as Postgres writes it, arrays within arrays for further dimensions; undefined for one with
 * bounds of its own (`[0:1]={1,2}`), which an array of JavaScript does not have, and for a text that is none.
 *
 * Source: PostgreSQL documentation, "Array Input and Output Syntax".
 *
 * @param read the value of an element that is not NULL
 * @example
 * arrayOf('{1,NULL,"3"}', Number); // [1, null, 3]
 */
export function arrayOf(literal: string, read: (text: string) => unknown): readonly unknown[] | undefined {
  const reader = new ArrayReader(literal, read);
  const items = reader.array();
  return reader.isAtEnd ? items : undefined;
}

class ArrayReader {
  readonly #text: string;
  readonly #read: (text: string) => unknown;
  #at = 0;

  constructor(text: string, read: (text: string) => unknown) {
    this.#text = text;
    this.#read = read;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** From an opening brace to behind its closing one; undefined where there is none. */
  array(): unknown[] | undefined {
    if (this.#text[this.#at] !== OPEN) return undefined;
    this.#at++;
    const items: unknown[] = [];
    if (this.#passes(CLOSE)) return items;
    do {
      const item = this.#text[this.#at] === OPEN ? this.array() : this.#element();
      if (item === undefined) return undefined;
      items.push(item);
    } while (this.#passes(COMMA));
    return this.#passes(CLOSE) ? items : undefined;
  }

  #passes(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at++;
    return true;
  }

  #element(): unknown {
    if (this.#passes(QUOTE)) return this.#quoted();
    const begin = this.#at;
    while (!this.isAtEnd && this.#text[this.#at] !== COMMA && this.#text[this.#at] !== CLOSE) this.#at++;
    const text = this.#text.slice(begin, this.#at);
    return text === "NULL" ? null : this.#read(text);
  }

  #quoted(): unknown {
    let text = "";
    for (let begin = this.#at; !this.isAtEnd; ) {
      const mark = this.#text[this.#at];
      if (mark !== QUOTE && mark !== BACKSLASH) {
        this.#at++;
        continue;
      }
      text += this.#text.slice(begin, this.#at);
      this.#at++;
      if (mark === QUOTE) return this.#read(text);
      // what follows a backslash is itself, also where it is a quote
      begin = this.#at++;
    }
    return undefined;
  }
}
