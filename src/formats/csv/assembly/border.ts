/**
 * Finds the last line end outside quotes, and counts lines and records up to it. At bytes that are not well-formed it
 * stops, for the search of `splitter.ts` to go on.
 */
import { BLOCK, bitsBelow, equalBits, firstBits, VECTOR } from "./block.ts";
import { delimiters, isFieldEnd, keepsBlankLines, LF, lineFeeds, quote, quotes, returns } from "./marks.ts";
import { byteAt, input, setByteAt } from "./memory.ts";
import { beginQuotes, faults, pending, readQuotes, within } from "./quotes.ts";

/** Behind the last border; 0 while there is none. */
export let borderEnd: i32 = 0;
/** Records and line feeds up to it. */
export let borderRecords: i32 = 0;
export let borderLines: i32 = 0;

/** Line feeds and quotes so far. */
export let borderMarks: i32 = 0;

/** Line feeds so far. */
let lines: i32 = 0;
/** Bit 0: the block begins behind a line feed, or behind a carriage return that begins a line. */
let behindFeed: u64 = 0;
let behindReturn: u64 = 0;

/** Before the first window, which begins at a border. */
export function beginBorder(): void {
  borderEnd = 0;
  borderRecords = 0;
  borderLines = 0;
  borderMarks = 0;
  lines = 0;
  behindFeed = 1;
  behindReturn = 0;
  beginQuotes();
  setByteAt(-1, LF);
}

/**
 * Reads the next window; all but the last are whole blocks.
 *
 * @param base where the window begins in the bytes
 * @returns whether to go on
 */
export function readBorder(length: i32, base: i32): bool {
  for (let at = 0; at < length; at += BLOCK) {
    const a = v128.load(input + at);
    const b = v128.load(input + at, VECTOR);
    const c = v128.load(input + at, 2 * VECTOR);
    const d = v128.load(input + at, 3 * VECTOR);
    const valid = firstBits(min(length - at, BLOCK));
    const feeds = equalBits(a, b, c, d, lineFeeds) & valid;
    const returnBits = equalBits(a, b, c, d, returns);
    const quoteBits = quote < 0 ? 0 : equalBits(a, b, c, d, quotes) & valid;
    let outside = feeds;
    let isFaulty = false;
    if ((quoteBits | pending) !== 0) {
      const ends = (equalBits(a, b, c, d, delimiters) & valid) | feeds;
      readQuotes(quoteBits, ends, feeds, returnBits, isFieldEnd(byteAt(at - 1)));
      isFaulty = (faults & valid) !== 0;
      outside &= ~within;
      if (isFaulty) outside &= bitsBelow(faults & valid);
    }
    takeBorders(outside, feeds, returnBits, base + at);
    borderMarks += <i32>popcnt(feeds | quoteBits);
    if (isFaulty) return false;
  }
  setByteAt(-1, byteAt(length - 1));
  return true;
}

/** @param outside the block's line feeds outside quotes */
function takeBorders(outside: u64, feeds: u64, returnBits: u64, base: i32): void {
  const lineBegins = (feeds << 1) | behindFeed;
  const loneReturns = returnBits & lineBegins;
  if (outside !== 0) {
    const blanks = keepsBlankLines ? 0 : outside & (lineBegins | (loneReturns << 1) | behindReturn);
    const last = BLOCK - <i32>clz(outside);
    borderEnd = base + last;
    borderRecords += <i32>popcnt(outside & ~blanks);
    borderLines = lines + <i32>popcnt(feeds & firstBits(last));
  }
  lines += <i32>popcnt(feeds);
  behindFeed = feeds >>> 63;
  behindReturn = loneReturns >>> 63;
}
