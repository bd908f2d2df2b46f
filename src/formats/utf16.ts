/** UTF-16 into UTF-8, piece by piece. */
import type { Transcoder } from "../core/ports/format.ts";

/** Which byte of a code unit comes first. */
export type Utf16 = "utf-16le" | "utf-16be";

/** The most bytes that one code unit gives: a surrogate that waited in vain, and its own. */
const WIDEST = 6;
/** Half a code unit at the end of the input; never part of UTF-8. */
const NO_UTF8 = 0xff;

const HIGH_SURROGATE = 0xd800;
const LOW_SURROGATE = 0xdc00;
const SURROGATES_END = 0xe000;

/**
 * The transcoder. A surrogate without its other half becomes the three bytes that UTF-8 would have for it and forbids
 * (known as WTF-8), so that exactly this place is refused later; a byte order mark becomes the one of UTF-8.
 *
 * @example
 * const { written } = new Utf16Transcoder("utf-16le").write(Buffer.from("Zoë", "utf16le"), into); // 4 bytes
 */
export class Utf16Transcoder implements Transcoder {
  /** Offset of a code unit's higher byte. */
  readonly #high: 0 | 1;
  /** The first byte of a code unit that was cut; -1: none. */
  #half = -1;
  /** A high surrogate that waits for its other half; 0: none. */
  #surrogate = 0;
  /** What found no room: `#held[#heldFrom, #heldTo)`. */
  readonly #held = new Uint8Array(WIDEST);
  #heldFrom = 0;
  #heldTo = 0;

  constructor(encoding: Utf16) {
    this.#high = encoding === "utf-16be" ? 0 : 1;
  }

  write(input: Uint8Array, into: Uint8Array): { readonly read: number; readonly written: number } {
    const { length } = input;
    let written = this.#flush(into, 0);
    let read = 0;
    while (read < length && written < into.length) {
      if (this.#half >= 0 || read + 1 === length) {
        const byte = input[read++] as number;
        if (this.#half < 0) this.#half = byte;
        else written = this.#take(into, written, this.#unitOf(this.#half, byte));
        continue;
      }
      const unit = this.#unitOf(input[read] as number, input[read + 1] as number);
      read += 2;
      if (unit < 0x80 && this.#surrogate === 0) into[written++] = unit;
      else written = this.#take(into, written, unit);
    }
    return { read, written };
  }

  end(into: Uint8Array): number {
    const written = this.#flush(into, 0);
    if (written > 0 || (this.#surrogate === 0 && this.#half < 0)) return written;
    this.#heldTo = this.#surrogate === 0 ? 0 : putUtf8(this.#held, 0, this.#surrogate);
    if (this.#half >= 0) this.#held[this.#heldTo++] = NO_UTF8;
    this.#surrogate = 0;
    this.#half = -1;
    return this.#flush(into, 0);
  }

  #unitOf(first: number, second: number): number {
    return this.#high === 0 ? (first << 8) | second : (second << 8) | first;
  }

  /** Writes a unit, by way of what is held where there may be too little room. */
  #take(into: Uint8Array, written: number, unit: number): number {
    this.#half = -1;
    if (written + WIDEST <= into.length) return this.#put(into, written, unit);
    this.#heldTo = this.#put(this.#held, 0, unit);
    return this.#flush(into, written);
  }

  #flush(into: Uint8Array, from: number): number {
    let written = from;
    while (this.#heldFrom < this.#heldTo && written < into.length) {
      into[written++] = this.#held[this.#heldFrom++] as number;
    }
    if (this.#heldFrom === this.#heldTo) {
      this.#heldFrom = 0;
      this.#heldTo = 0;
    }
    return written;
  }

  #put(into: Uint8Array, from: number, unit: number): number {
    let at = from;
    const first = this.#surrogate;
    if (first !== 0) {
      this.#surrogate = 0;
      const isPair = unit >= LOW_SURROGATE && unit < SURROGATES_END;
      if (isPair) return putUtf8(into, at, 0x10000 + ((first - HIGH_SURROGATE) << 10) + (unit - LOW_SURROGATE));
      at = putUtf8(into, at, first);
    }
    if (unit < HIGH_SURROGATE || unit >= LOW_SURROGATE) return putUtf8(into, at, unit);
    this.#surrogate = unit;
    return at;
  }
}

/** Writes a code point, half of a pair too, and gives the offset behind it. */
function putUtf8(into: Uint8Array, from: number, point: number): number {
  let at = from;
  if (point < 0x80) {
    into[at++] = point;
    return at;
  }
  if (point < 0x800) {
    into[at++] = 0xc0 | (point >> 6);
  } else {
    if (point < 0x10000) {
      into[at++] = 0xe0 | (point >> 12);
    } else {
      into[at++] = 0xf0 | (point >> 18);
      into[at++] = 0x80 | ((point >> 12) & 0x3f);
    }
    into[at++] = 0x80 | ((point >> 6) & 0x3f);
  }
  into[at++] = 0x80 | (point & 0x3f);
  return at;
}
