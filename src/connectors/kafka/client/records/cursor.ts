/** Reads the notations of Kafka's protocol one after another. */
import { MillraceError } from "../../../../core/errors.ts";

/** A place in bytes that moves on with every reading. */
export class Cursor {
  readonly bytes: Buffer;
  at: number;
  /** Texts and lists of newer requests have their length as a varint. */
  readonly #compact: boolean;

  constructor(bytes: Buffer, { at = 0, compact = false } = {}) {
    this.bytes = bytes;
    this.at = at;
    this.#compact = compact;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  skip(bytes: number): void {
    this.at += bytes;
  }

  int8(): number {
    return this.bytes.readInt8(this.#take(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8));
  }

  /** An unsigned varint: seven bits a byte, the lowest first. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw unreadable("a number without an end");
  }

  /** A varint whose sign is its lowest bit. Nearly all have one byte or two, and a record has eight of them. */
  varint(): number {
    const { bytes, at } = this;
    const first = bytes[at] as number;
    if (first < 0x80) {
      this.at = at + 1;
      return (first >>> 1) ^ -(first & 1);
    }
    const second = bytes[at + 1] as number;
    if (second < 0x80) {
      this.at = at + 2;
      return (((first & 0x7f) >>> 1) | (second << 6)) ^ -(first & 1);
    }
    return signed(this.uvarint());
  }

  /** The same of up to 64 bits, as a number: times are far from 2^53. */
  varlong(): number {
    if ((this.bytes[this.at] as number) < 0x80) return this.varint();
    let value = 0;
    for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return signed(value);
    }
    throw unreadable("a number without an end");
  }

  /** A text that may be null. */
  text(): string | null {
    const length = this.#compact ? this.uvarint() - 1 : this.int16();
    if (length < 0) return null;
    const from = this.#take(length);
    return this.bytes.toString("utf8", from, from + length);
  }

  /** The entries of a list; none for null. */
  list<Entry>(read: () => Entry): Entry[] {
    const length = this.#compact ? this.uvarint() - 1 : this.int32();
    return Array.from({ length: Math.max(length, 0) }, read);
  }

  /** Passes over the tagged fields that newer requests end every structure with. */
  tags(): void {
    if (!this.#compact) return;
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  #take(length: number): number {
    const from = this.at;
    this.at += length;
    if (this.at > this.bytes.length) throw unreadable("fewer bytes than they say");
    return from;
  }
}

function signed(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** The answer is not what the protocol says: fetched again it may be. */
function unreadable(what: string): MillraceError {
  return new MillraceError("SOURCE_FAILED", `a broker's answer cannot be read: ${what}`, { fault: "transient" });
}
