/**
 * Snappy, for reading: the raw format, and the framing of the Java library around blocks of it.
 *
 * Source: google/snappy, format_description.txt; xerial/snappy-java, SnappyOutputStream.
 */
import type { MillraceError } from "../../../../core/errors.ts";
import { damagedData, inflatesBeyond } from "./faults.ts";

/** What the Java library writes before its blocks: a magic word and two versions. */
const JAVA_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const JAVA_HEADER = 16;
/** A copy of 64 bytes takes three; a block that grows by more is damaged, and would take all memory. */
const MOST_GROWTH = 32;

/**
 * Inflates what a producer compressed with Snappy.
 *
 * @param maxBytes what may come out
 * @throws MillraceError SOURCE_FAILED for damaged bytes and for bombs
 */
export function inflateSnappy(bytes: Buffer, maxBytes: number): Buffer {
  if (!bytes.subarray(0, JAVA_MAGIC.length).equals(JAVA_MAGIC)) return inflateBlock(bytes, maxBytes);
  const blocks: Buffer[] = [];
  let left = maxBytes;
  for (let at = JAVA_HEADER; at + 4 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const from = at + 4;
    at = from + size;
    if (at > bytes.length) throw damaged();
    const block = inflateBlock(bytes.subarray(from, at), left, maxBytes);
    left -= block.length;
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

function inflateBlock(from: Buffer, left: number, maxBytes = left): Buffer {
  const { size, begin } = sizeOf(from);
  if (size > left) throw inflatesBeyond(maxBytes);
  const into = Buffer.allocUnsafe(size);
  let out = 0;
  for (let at = begin; at < from.length; ) {
    const tag = from[at++] as number;
    if ((tag & 3) === 0) {
      const { length, text } = literal(from, at, tag);
      if (text + length > from.length || out + length > size) throw damaged();
      from.copy(into, out, text, text + length);
      at = text + length;
      out += length;
    } else {
      const { length, distance, behind } = reference(from, at, tag);
      if (distance === 0 || distance > out || out + length > size) throw damaged();
      repeat(into, out, distance, length);
      at = behind;
      out += length;
    }
  }
  if (out !== size) throw damaged();
  return into;
}

function sizeOf(bytes: Buffer): { size: number; begin: number } {
  let size = 0;
  for (let at = 0; at < 5; at++) {
    const byte = bytes[at];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte >= 0x80) continue;
    if (size > bytes.length * MOST_GROWTH) break;
    return { size, begin: at + 1 };
  }
  throw damaged();
}

/** Lengths above 60 stand in the one to four bytes behind the tag. */
function literal(bytes: Buffer, at: number, tag: number): { length: number; text: number } {
  const short = tag >> 2;
  if (short < 60) return { length: short + 1, text: at };
  const extra = short - 59;
  if (at + extra > bytes.length) throw damaged();
  return { length: bytes.readUIntLE(at, extra) + 1, text: at + extra };
}

function reference(bytes: Buffer, at: number, tag: number): { length: number; distance: number; behind: number } {
  const kind = tag & 3;
  const extra = kind === 3 ? 4 : kind;
  if (at + extra > bytes.length) throw damaged();
  const behind = at + extra;
  if (kind === 1) {
    return { length: ((tag >> 2) & 7) + 4, distance: ((tag >> 5) << 8) | (bytes[at] as number), behind };
  }
  return { length: (tag >> 2) + 1, distance: bytes.readUIntLE(at, extra), behind };
}

/** Copies what stands `distance` before; it may run into what it writes. */
export function repeat(bytes: Buffer, at: number, distance: number, length: number): void {
  if (distance >= length) {
    bytes.copyWithin(at, at - distance, at - distance + length);
    return;
  }
  for (let i = at; i < at + length; i++) bytes[i] = bytes[i - distance] as number;
}

function damaged(): MillraceError {
  return damagedData("snappy");
}
