/**
 * LZ4 frames, for reading.
 *
 * Source: lz4/lz4, doc/lz4_Frame_format.md and doc/lz4_Block_format.md. Checksums are passed over: the bytes came over a
 * checked connection, and a damaged block does not inflate to the records that the batch says it holds.
 */
import type { MillraceError } from "../../../../core/errors.ts";
import { damagedData, inflatesBeyond } from "./faults.ts";
import { repeat } from "./snappy.ts";

const MAGIC = 0x184d2204;
/** The high bit of a block's size: it is stored as it is. */
const STORED = 0x80000000;
/** Bits of the frame's flags. */
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const DICTIONARY = 0x01;
/** A match is at least that long. */
const LEAST_MATCH = 4;

/**
 * Inflates what a producer compressed with LZ4.
 *
 * @param maxBytes what may come out
 * @throws MillraceError SOURCE_FAILED for damaged bytes and for bombs
 */
export function inflateLz4(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) throw damaged();
  const flags = bytes[4] as number;
  const output = new Output(Math.min(bytes.length * 4, maxBytes), maxBytes);
  const trailer = (flags & BLOCK_CHECKSUM) === 0 ? 0 : 4;
  let at = 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & DICTIONARY) === 0 ? 0 : 4);
  for (;;) {
    if (at + 4 > bytes.length) throw damaged();
    const word = bytes.readUInt32LE(at);
    if (word === 0) return output.taken();
    const size = word % STORED;
    const from = at + 4;
    const block = bytes.subarray(from, from + size);
    if (block.length < size) throw damaged();
    if (word >= STORED) output.append(block, 0, size);
    else inflateBlock(block, output);
    at = from + size + trailer;
  }
}

/** Literals and matches in turn; a match may reach back into the blocks before. */
function inflateBlock(block: Buffer, output: Output): void {
  for (let at = 0; at < block.length; ) {
    const token = block[at++] as number;
    const literals = lengthAt(block, at, token >> 4);
    const text = literals.behind;
    if (text + literals.length > block.length) throw damaged();
    output.append(block, text, literals.length);
    at = text + literals.length;
    // the last sequence of a block has no match
    if (at === block.length) return;
    if (at + 2 > block.length) throw damaged();
    const distance = block.readUInt16LE(at);
    const match = lengthAt(block, at + 2, token & 15);
    output.repeat(distance, match.length + LEAST_MATCH);
    at = match.behind;
  }
}

/** A length of 15 goes on in the bytes behind, as long as they are 255. */
function lengthAt(block: Buffer, from: number, short: number): { length: number; behind: number } {
  let [length, behind] = [short, from];
  if (short < 15) return { length, behind };
  for (;;) {
    const byte = block[behind++];
    if (byte === undefined) throw damaged();
    length += byte;
    if (byte < 255) return { length, behind };
  }
}

/** Bytes that grow, to a limit. */
class Output {
  readonly #most: number;
  #bytes: Buffer;
  #length = 0;

  constructor(guess: number, most: number) {
    this.#bytes = Buffer.allocUnsafe(guess);
    this.#most = most;
  }

  append(from: Buffer, begin: number, length: number): void {
    this.#room(length);
    from.copy(this.#bytes, this.#length, begin, begin + length);
    this.#length += length;
  }

  repeat(distance: number, length: number): void {
    if (distance === 0 || distance > this.#length) throw damaged();
    this.#room(length);
    repeat(this.#bytes, this.#length, distance, length);
    this.#length += length;
  }

  taken(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#most) throw inflatesBeyond(this.#most);
    const grown = Buffer.allocUnsafe(Math.min(needed * 2, this.#most));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

function damaged(): MillraceError {
  return damagedData("lz4");
}
