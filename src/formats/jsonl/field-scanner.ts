/** Finds the fields of a JSON object in its bytes, which JSON.parse has found to be valid. */
import { doubled } from "../doubled.ts";

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const CLOSE_BRACE = 125;

/** A value's bytes are a string's; its quotes are left out. */
export const QUOTED = 1;
/** They hold backslashes. */
export const ESCAPED = 2;
/** Numbers per field: key begin, key end, key flags, value begin, value end, value flags. */
const STRIDE = 6;

/** The fields of one object at a time, by their number in the bytes. */
export class FieldScanner {
  #table = new Int32Array(STRIDE * 32);
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #flags = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  valueBegin(field: number): number {
    return this.#table[STRIDE * field + 3] as number;
  }

  valueEnd(field: number): number {
    return this.#table[STRIDE * field + 4] as number;
  }

  /** {@link QUOTED} and {@link ESCAPED}. */
  valueFlags(field: number): number {
    return this.#table[STRIDE * field + 5] as number;
  }

  /** Whether the field's key is `name`, as far as that can be told without decoding the key. */
  hasPlainKey(field: number, name: string): boolean {
    const row = STRIDE * field;
    const begin = this.#table[row] as number;
    if (this.#table[row + 2] !== QUOTED || (this.#table[row + 1] as number) - begin !== name.length) return false;
    for (let i = 0; i < name.length; i++) if (this.#bytes[begin + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  key(field: number): string {
    const row = STRIDE * field;
    const text = this.#bytes.toString("utf8", this.#table[row], this.#table[row + 1]);
    return this.#table[row + 2] === QUOTED ? text : (JSON.parse(`"${text}"`) as string);
  }

  /** Scans the object whose bytes begin, perhaps behind blanks, at `begin`. */
  scan(bytes: Buffer, begin: number): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.#at = begin;
    this.#skipBlanks();
    do {
      this.#at++; // behind the opening brace or a comma
      this.#skipBlanks();
      if (bytes[this.#at] === CLOSE_BRACE) return;
      this.#scanField();
      this.#skipBlanks();
    } while (bytes[this.#at] === COMMA);
  }

  #scanField(): void {
    const row = STRIDE * this.#count++;
    if (row === this.#table.length) this.#table = doubled(this.#table);
    this.#scanValue(row);
    this.#skipBlanks();
    this.#at++; // the colon
    this.#skipBlanks();
    this.#scanValue(row + 3);
  }

  /** Leaves begin, end and flags at `slot`, and stands behind the value. */
  #scanValue(slot: number): void {
    const first = this.#bytes[this.#at] as number;
    let begin = this.#at;
    this.#flags = 0;
    if (first === QUOTE) {
      begin++;
      this.#skipString();
    } else if ((first | 32) === 123) {
      this.#skipNested();
    } else {
      this.#skipWord();
    }
    this.#table[slot] = begin;
    this.#table[slot + 1] = first === QUOTE ? this.#at - 1 : this.#at;
    this.#table[slot + 2] = first === QUOTE ? this.#flags | QUOTED : 0;
  }

  #skipString(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[at]) {
      if (byte === BACKSLASH) {
        this.#flags = ESCAPED;
        at++;
      }
      at++;
    }
    this.#at = at + 1;
  }

  #skipNested(): void {
    let depth = 0;
    do {
      const byte = this.#bytes[this.#at] as number;
      if (byte === QUOTE) {
        this.#skipString();
        continue;
      }
      // [ and { differ in one bit, as do ] and }
      if ((byte | 32) === 123) depth++;
      else if ((byte | 32) === 125) depth--;
      this.#at++;
    } while (depth > 0);
  }

  /** A number or a literal: ends before a blank, a comma or a brace. */
  #skipWord(): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (
      let byte = bytes[at] as number;
      byte > 32 && byte !== COMMA && byte !== CLOSE_BRACE;
      byte = bytes[at] as number
    ) {
      at++;
    }
    this.#at = at;
  }

  #skipBlanks(): void {
    while ((this.#bytes[this.#at] as number) <= 32) this.#at++;
  }
}
