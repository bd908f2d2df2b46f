/** Where the records of a chunk begin and end. */
import { doubled } from "../doubled.ts";
import { LF, lineFeeds } from "../lines.ts";

/** What there is to index; see DecodeRequest. */
export interface IndexedBytes {
  readonly bytes: Buffer;
  readonly final: boolean;
  readonly truncated: boolean;
}

/** Finds the records of a chunk and notes their borders, which are empty before. */
export type RecordIndexer = (chunk: IndexedBytes, maxRecordBytes: number, borders: RecordBorders) => void;

/** Integers of a record: its begin, its end, and the line feeds before it. */
const STRIDE = 3;

/** Begins and ends of records in turn. Made once a decoder, filled chunk after chunk. */
export class RecordBorders {
  #borders = new Int32Array(STRIDE * 1_024);
  #count = 0;
  #end = 0;
  #lines = 0;
  /** The last record goes on behind the bytes. */
  #cut = false;

  get count(): number {
    return this.#count;
  }

  /** Offset behind the last line end, comma or frame, or behind all bytes when none follow. */
  get end(): number {
    return this.#end;
  }

  /** Line feeds before `end`. */
  get lines(): number {
    return this.#lines;
  }

  begin(record: number): number {
    return this.#borders[STRIDE * record] as number;
  }

  stop(record: number): number {
    return this.#borders[STRIDE * record + 1] as number;
  }

  /** Line feeds before a record. */
  line(record: number): number {
    return this.#borders[STRIDE * record + 2] as number;
  }

  /** Whether only the begin of this record is there. */
  isCut(record: number): boolean {
    return this.#cut && record === this.#count - 1;
  }

  clear(): void {
    [this.#count, this.#end, this.#lines, this.#cut] = [0, 0, 0, false];
  }

  /** Takes the records that the source framed. Most hold no line feed: the next one is looked for once, not for each of them. */
  takeFrames(bytes: Buffer, ends: Int32Array): void {
    let feed = nextFeed(bytes, this.#end);
    for (const end of ends) {
      this.add(this.#end, end);
      const lines = feed < end ? lineFeeds(bytes, feed, end) : 0;
      if (lines > 0) feed = nextFeed(bytes, end);
      this.advance(end, lines);
    }
  }

  /** Adds a record; the line feeds so far stand before it. */
  add(begin: number, stop: number): void {
    const at = STRIDE * this.#count++;
    if (at === this.#borders.length) this.#borders = doubled(this.#borders);
    this.#borders[at] = begin;
    this.#borders[at + 1] = stop;
    this.#borders[at + 2] = this.#lines;
  }

  /** Everything before `end` is taken, and so many line feeds more. */
  advance(end: number, lines: number): void {
    this.#end = end;
    this.#lines += lines;
  }

  /** The record added last goes on behind the bytes. */
  cut(): void {
    this.#cut = true;
  }
}

function nextFeed(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(LF, from);
  return at === -1 ? Number.POSITIVE_INFINITY : at;
}
