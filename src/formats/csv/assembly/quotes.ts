/**
 * Which bytes of a block stand inside quotes, by the parity of the quotes before them (Langdale and Lemire, "Parsing
 * Gigabytes of JSON per Second", 2019), and whether all quotes stand where they may. A doubled quote closes and opens again.
 */
import { parities } from "./block.ts";

/** All ones when the bytes before the block end inside quotes. */
let inside: u64 = 0;
/** Bit 0: the block begins behind a closing quote. */
let behindQuote: u64 = 0;
/** Bit 0: the block begins behind a carriage return that stands behind a closing quote. */
let behindReturn: u64 = 0;

/** Not 0 when the next block must be read, although it may hold no quote. */
export let pending: u64 = 0;

/** Of the block read last: bytes inside quotes, with the opening and without the closing one. */
export let within: u64 = 0;
/** Second quotes of pairs. */
export let pairs: u64 = 0;
/** Where something stands that cannot stand there; bits above the first of them mean nothing. */
export let faults: u64 = 0;

/** Before the first block; it begins outside quotes. */
export function beginQuotes(): void {
  inside = 0;
  behindQuote = 0;
  behindReturn = 0;
  pending = 0;
}

/**
 * @param quotes where they stand
 * @param ends delimiters and line feeds
 * @param feeds line feeds
 * @param returns carriage returns
 * @param opens a quote that begins the block opens a field
 */
export function readQuotes(quotes: u64, ends: u64, feeds: u64, returns: u64, opens: bool): void {
  within = parities(quotes) ^ inside;
  const opening = quotes & within;
  const closing = quotes & ~within;
  const marks = quotes | ends;
  const afterClosing = (closing << 1) | behindQuote;
  const endingReturns = afterClosing & returns;
  pairs = opening & afterClosing;
  faults =
    (opening & ~((marks << 1) | behindQuote | (opens ? 1 : 0))) |
    (afterClosing & ~(marks | endingReturns)) |
    (((endingReturns << 1) | behindReturn) & ~feeds);
  inside = <u64>(<i64>within >> 63);
  behindQuote = closing >>> 63;
  behindReturn = endingReturns >>> 63;
  pending = inside | behindQuote | behindReturn;
}
