/**
 * Where a text stops being JSON: what JSON.parse says of it quotes the data, and mostly names no place.
 *
 * The grammar is RFC 8259. Runs only for texts that JSON.parse refused and that do not nest too deep.
 */

const numberAt = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literalAt = /true|false|null/y;
const escapeAt = /["\\/bfnrt]|u[0-9a-fA-F]{4}/y;
const wordStartAt = /[-+\d.eE]+|[A-Za-z]+/y;

/** For people: what stands where no JSON can go on, and in which column. */
export function syntaxFault(text: string): string {
  if (text === "") return "nothing stands where a JSON value was expected";
  const walk = new Walk(text);
  if (walk.value()) walk.blanks();
  const column = walk.at + 1;
  if (walk.at >= text.length) return `the record is no complete JSON: it ends at column ${column}`;
  const character = text.codePointAt(walk.at) as number;
  return `the record is not JSON: unexpected ${nameOf(character)} at column ${column}`;
}

function nameOf(character: number): string {
  if (character < 32) return `control character ${character}`;
  return `"${String.fromCodePoint(character)}"`;
}

/** Each method goes on behind what it is named after, or stops at the first character that cannot belong to it. */
class Walk {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(): boolean {
    this.blanks();
    const first = this.#text[this.at];
    if (first === "{") return this.#members("}", () => this.#string() && this.#skip(":") && this.value());
    if (first === "[") return this.#members("]", () => this.value());
    if (first === '"') return this.#string();
    return this.#match(literalAt) || this.#match(numberAt) || this.#brokenWord();
  }

  blanks(): void {
    while (" \t\r\n".includes(this.#text[this.at] ?? "x")) this.at++;
  }

  #members(close: string, member: () => boolean): boolean {
    this.at++;
    if (this.#skip(close)) return true;
    do {
      this.blanks();
      if (!member()) return false;
    } while (this.#skip(","));
    return this.#skip(close);
  }

  #string(): boolean {
    if (!this.#skip('"')) return false;
    for (; this.at < this.#text.length; this.at++) {
      const character = this.#text[this.at] as string;
      if (character === '"') return this.#skip('"');
      if (character < " ") return false;
      if (character !== "\\") continue;
      this.at++;
      if (!this.#match(escapeAt)) return false;
      this.at--;
    }
    return false;
  }

  /** Goes behind `character`; blanks may stand before all but a quote, where they would be data. */
  #skip(character: string): boolean {
    if (character !== '"') this.blanks();
    if (this.#text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  /** A cut literal or number at the very end is a text that ends too early. */
  #brokenWord(): boolean {
    wordStartAt.lastIndex = this.at;
    const word = wordStartAt.exec(this.#text)?.[0] ?? "";
    const cut = word !== "" && this.at + word.length === this.#text.length;
    if (cut && ["true", "false", "null", "-"].some((whole) => whole.startsWith(word))) this.at = this.#text.length;
    return false;
  }

  #match(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
