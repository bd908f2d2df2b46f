/**
 * Finds record borders on the main thread, by a guess that the decoder verifies.
 *
 * From a border on, a quote that stands where a field can begin opens one, and the next quote closes it (a doubled quote
 * closes and opens again, which comes to the same). That is right for all well-formed files, and unlike bare parity for
 * quotes inside unquoted fields too. It is wrong behind a quote that nothing closes, and around quoted line ends behind
 * another fault of the same record: there the reader goes back.
 */
import type { Border, Splitter } from "../../core/ports/format.ts";
import { behindLine, bufferOf, CR, LF } from "../lines.ts";
import { type Dialect, isBlank } from "./dialect.ts";
import { type ScanMachine, scanMachine } from "./scan-machine.ts";
import { scanMarks } from "./scan-marks.ts";

const NO_BORDER: Border = { end: 0, records: 0, lines: 0 };

/** Bytes that a loop looks through before it calls the engine's search; where marks stand close, calls cost more. */
const NEAR = 16;

/**
 * Makes the splitter of a dialect.
 *
 * @param machine null: without WebAssembly
 */
export function csvSplitter(dialect: Dialect, machine: ScanMachine | null = scanMachine()): Splitter {
  const search = (bytes: Uint8Array, begin: number, end: number, maxRecords: number): Border =>
    new BorderSearch(dialect, bufferOf(bytes).subarray(0, end), begin, maxRecords).run();
  // quotes in comments are text; the machine does not know that here
  const marks = dialect.comment < 0 ? scanMarks(dialect, 0) : null;
  return {
    lastBorder(bytes, begin, end, maxRecords = Number.POSITIVE_INFINITY) {
      if (machine === null || marks === null || maxRecords !== Number.POSITIVE_INFINITY) {
        return search(bytes, begin, end, maxRecords);
      }
      const [border, isWhole] = machine.lastBorder(marks, bytes, begin, end);
      if (isWhole) return border;
      return sum(border, search(bytes, border.end === 0 ? begin : border.end, end, maxRecords));
    },
    nextLine: (bytes, begin, end) => behindLine(bufferOf(bytes), begin, end),
  };
}

function sum(first: Border, second: Border): Border {
  return {
    end: Math.max(first.end, second.end),
    records: first.records + second.records,
    lines: first.lines + second.lines,
  };
}

/** One search. It hops from quote to quote and from line feed to line feed. */
class BorderSearch {
  readonly #dialect: Dialect;
  readonly #bytes: Buffer;
  readonly #maxRecords: number;
  readonly #quoteLength: number;
  /** Begin of the line that is outside quotes; the newest border. */
  #lineStart: number;
  #found = false;
  #records = 0;
  #lines = 0;
  #linesAtBorder = 0;

  constructor(dialect: Dialect, bytes: Buffer, begin: number, maxRecords: number) {
    this.#dialect = dialect;
    this.#bytes = bytes;
    this.#maxRecords = maxRecords;
    this.#quoteLength = dialect.wide?.quote?.length ?? 1;
    this.#lineStart = begin;
  }

  run(): Border {
    const { length } = this.#bytes;
    let at = this.#lineStart;
    let closed = -1;
    while (at < length) {
      const quote = this.#quoteFrom(at);
      if (!this.#takeLines(at, quote) || quote === length) break;
      at = quote + this.#quoteLength;
      if (quote !== closed && !this.#opens(quote)) continue;
      const close = this.#closingQuote(quote);
      this.#takeQuotedLines(quote, close);
      at = close + this.#quoteLength;
      closed = at;
    }
    if (!this.#found) return NO_BORDER;
    return { end: this.#lineStart, records: this.#records, lines: this.#linesAtBorder };
  }

  /** Line feeds outside quotes: each ends a line, and a record unless the line is none. False: enough records. */
  #takeLines(from: number, to: number): boolean {
    for (let at = this.#find(LF, from, to); at < to; at = this.#find(LF, at + 1, to)) {
      if (this.#isRecord(at)) this.#records++;
      this.#found = true;
      this.#lineStart = at + 1;
      this.#linesAtBorder = ++this.#lines;
      if (this.#records >= this.#maxRecords) return false;
    }
    return true;
  }

  #takeQuotedLines(from: number, to: number): void {
    for (let at = this.#find(LF, from, to); at < to; at = this.#find(LF, at + 1, to)) this.#lines++;
  }

  #isRecord(lineFeed: number): boolean {
    if (this.#isComment()) return false;
    const first = this.#bytes[this.#lineStart];
    const blank = this.#lineStart === lineFeed || (first === CR && this.#lineStart + 1 === lineFeed);
    return !blank || this.#dialect.keepBlankLines;
  }

  /** Whether a quote stands where a field can begin. */
  #opens(quote: number): boolean {
    const { delimiter, trimLeft, wide } = this.#dialect;
    if (this.#isComment()) return false;
    let before = quote - 1;
    if (trimLeft) while (before >= this.#lineStart && isBlank(this.#bytes[before], this.#dialect)) before--;
    if (before < this.#lineStart) return true;
    return wide === null
      ? this.#bytes[before] === delimiter
      : this.#stands(wide.delimiter, before + 1 - wide.delimiter.length);
  }

  /** Whether the line that is outside quotes is a comment. */
  #isComment(): boolean {
    const { comment, wide } = this.#dialect;
    if (wide === null) return this.#bytes[this.#lineStart] === comment;
    return wide.comment !== null && this.#stands(wide.comment, this.#lineStart);
  }

  /** The quote that closes the one at `open`, or the end of the bytes. */
  #closingQuote(open: number): number {
    const { texts } = this.#dialect;
    let close = this.#quoteFrom(open + this.#quoteLength);
    if (texts.escape === texts.quote) return close;
    while (close < this.#bytes.length && this.#escapesBefore(open, close) % 2 === 1) close = this.#quoteFrom(close + 1);
    return close;
  }

  #escapesBefore(open: number, close: number): number {
    const { escape, wide } = this.#dialect;
    let count = 0;
    if (wide === null) {
      while (close - 1 - count > open && this.#bytes[close - 1 - count] === escape) count++;
      return count;
    }
    const mark = wide.escape as Buffer;
    const first = open + this.#quoteLength;
    for (let at = close - mark.length; at >= first && this.#stands(mark, at); at -= mark.length) count++;
    return count;
  }

  #quoteFrom(from: number): number {
    const { quote, wide } = this.#dialect;
    if (quote >= 0) return this.#find(quote, from, this.#bytes.length);
    const found = wide === null || wide.quote === null ? -1 : this.#bytes.indexOf(wide.quote, from);
    return found === -1 ? this.#bytes.length : found;
  }

  #stands(mark: Buffer, at: number): boolean {
    return at >= 0 && mark.every((byte, index) => this.#bytes[at + index] === byte);
  }

  /** The first `byte` in `[from, to)`, or `to`. */
  #find(byte: number, from: number, to: number): number {
    const bytes = this.#bytes;
    const near = Math.min(from + NEAR, to);
    for (let at = from; at < near; at++) if (bytes[at] === byte) return at;
    if (near === to) return to;
    const found = bytes.indexOf(byte, near);
    return found === -1 || found > to ? to : found;
  }
}
