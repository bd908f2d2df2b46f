/**
 * Finds the records and fields of a window. It takes whole, well-formed records; in front of anything else it halts, for
 * the scanner of `index-scanner.ts` to go on.
 */
import { BLOCK, bitsAbove, bitsBelow, equalBits, firstBits, topBits, VECTOR } from "./block.ts";
import { delimiters, isFieldEnd, LF, lineFeeds, oddBytes, quote, quotes, returns } from "./marks.ts";
import { byteAt, fields, input, lastFields, putField } from "./memory.ts";
import { beginQuotes, faults, pairs, pending, readQuotes, within } from "./quotes.ts";
import { beginRecords, endRecord, hasRoom, start, stops, textEnd } from "./record.ts";

/** The flags of field-index.ts. */
const SPECIAL: i32 = 1 << 31;
const NON_ASCII: i32 = 1 << 30;
const ESCAPED: i32 = 1 << 29;
const QUOTED: i32 = 1 << 28;

/** The last scan came upon something that it does not take; else the window, or the room, was at its end. */
export let halted: bool = false;

/** Where the bytes of a block stand that give their field a flag. */
let special: u64 = 0;
let nonAscii: u64 = 0;
let escapes: u64 = 0;

/** The flags that a field has by those of the block's bytes that are its own. */
function flagsOf(own: u64): i32 {
  return (
    ((special & own) !== 0 ? SPECIAL : 0) |
    ((nonAscii & own) !== 0 ? NON_ASCII : 0) |
    ((escapes & own) !== 0 ? ESCAPED : 0)
  );
}

/**
 * Scans the window from `from` on, where a record begins.
 *
 * @param length bytes of the window
 * @param base what makes offsets of the window offsets of the chunk
 * @param firstField number of the first field found
 * @param line line feeds before
 * @returns where the last record taken ends
 */
export function scan(from: i32, length: i32, base: i32, firstField: i32, line: i32): i32 {
  let nextField = fields;
  let begin = from;
  let flags = 0;
  let isFaulty = false;
  beginRecords(from, length, base, firstField, line);
  beginQuotes();

  for (let at = from; at < length && !stops && !isFaulty; at += BLOCK) {
    if (nextField > lastFields || !hasRoom()) break;
    const a = v128.load(input + at);
    const b = v128.load(input + at, VECTOR);
    const c = v128.load(input + at, 2 * VECTOR);
    const d = v128.load(input + at, 3 * VECTOR);
    const valid = firstBits(min(length - at, BLOCK));
    const feeds = equalBits(a, b, c, d, lineFeeds) & valid;
    const ends = (equalBits(a, b, c, d, delimiters) & valid) | feeds;
    const odd = topBits(oddBytes(a), oddBytes(b), oddBytes(c), oddBytes(d));
    if (((odd & ~ends) | pending) === 0 && flags === 0) {
      // most blocks: plain text, nothing to look at but where it ends
      for (let left = ends; left !== 0; left &= left - 1) {
        const bit = <i32>ctz(left);
        const place = at + bit;
        if (((feeds >>> bit) & 1) === 0) {
          nextField = putField(nextField, base + begin, base + place);
        } else {
          const stop = textEnd(begin, place);
          nextField = putField(nextField, base + begin, base + stop);
          nextField = endRecord(place, stop, nextField, line + <i32>popcnt(feeds & ~bitsAbove(bit)));
          if (stops) break;
        }
        begin = place + 1;
      }
      line += <i32>popcnt(feeds);
      continue;
    }
    let structural = ends;
    const quoteBits = quote < 0 ? 0 : equalBits(a, b, c, d, quotes) & valid;
    const returnBits = equalBits(a, b, c, d, returns);
    escapes = 0;
    if ((quoteBits | pending) !== 0) {
      readQuotes(quoteBits, ends, feeds, returnBits, at === from || isFieldEnd(byteAt(at - 1)));
      structural &= ~within;
      escapes = pairs;
      if ((faults & valid) !== 0) {
        structural &= bitsBelow(faults & valid);
        isFaulty = true;
      }
    }
    const feedFollows: u64 = byteAt(at + BLOCK) === LF ? 1 : 0;
    const lineEnds = structural | (returnBits & (((feeds & structural) >>> 1) | (feedFollows << 63)));
    const top = topBits(a, b, c, d);
    nonAscii = top & ~(quoteBits | structural);
    special = odd & ~(quoteBits | lineEnds | top);
    let rest: u64 = -1;
    for (let left = structural; left !== 0; left &= left - 1) {
      const bit = <i32>ctz(left);
      const place = at + bit;
      const endsRecord = ((feeds >>> bit) & 1) !== 0;
      const stop = endsRecord ? textEnd(begin, place) : place;
      flags |= flagsOf(rest & ~bitsAbove(bit));
      const isQuoted = byteAt(begin) === quote;
      const margin = isQuoted ? 1 : 0;
      if (isQuoted) flags |= QUOTED;
      nextField = putField(nextField, base + begin + margin, (base + stop - margin) | flags);
      flags = 0;
      begin = place + 1;
      rest = bitsAbove(bit);
      if (!endsRecord) continue;
      nextField = endRecord(place, stop, nextField, line + <i32>popcnt(feeds & ~rest));
      if (stops) break;
    }
    line += <i32>popcnt(feeds);
    flags |= flagsOf(rest);
  }
  halted = stops || isFaulty;
  return start;
}
