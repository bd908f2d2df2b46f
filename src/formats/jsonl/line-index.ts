/** Where the records of a chunk begin and end. */
import { doubled } from "../doubled.ts";
import { CR, isBlank, LF, lineFeeds } from "../lines.ts";

const BLANK = 32;

/** What there is to index; see DecodeRequest. */
interface Bytes {
  readonly bytes: Buffer;
  readonly final: boolean;
  readonly truncated: boolean;
  readonly ends?: Int32Array;
}

/** Integers of a record: its begin, its end, and the line feeds before it. */
const STRIDE = 3;

/** Begins and ends of records in turn. Made once a decoder, filled chunk after chunk. */
export class LineIndex {
  #borders = new Int32Array(STRIDE * 1_024);
  #count = 0;
  #end = 0;
  #lines = 0;
  /** The last record goes on behind the bytes. */
  #cut = false;

  get count(): number {
    return this.#count;
  }

  /** Offset behind the last line end or frame, or behind all bytes when none follow. */
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

  /** @param maxRecordBytes an incomplete record that is longer is taken as it is: waiting for its end would never end */
  take(chunk: Bytes, maxRecordBytes: number): void {
    [this.#count, this.#end, this.#lines, this.#cut] = [0, 0, 0, false];
    if (chunk.ends === undefined) this.#fillLines(chunk, maxRecordBytes);
    else this.#fillFrames(chunk.bytes, chunk.ends);
  }

  #fillLines({ bytes, final, truncated }: Bytes, maxRecordBytes: number): void {
    let begin = 0;
    for (let feed = bytes.indexOf(LF); feed !== -1; feed = bytes.indexOf(LF, begin)) {
      this.#addLine(bytes, begin, feed, maxRecordBytes);
      this.#lines++;
      begin = feed + 1;
    }
    this.#end = begin;
    const left = bytes.length - begin;
    const oversized = truncated || (begin === 0 && left > maxRecordBytes);
    if (left === 0 || !(final || oversized)) return;
    if (final) this.#addLine(bytes, begin, bytes.length, maxRecordBytes);
    else this.#add(begin, bytes.length);
    this.#cut = !final;
    this.#end = bytes.length;
  }

  #fillFrames(bytes: Buffer, ends: Int32Array): void {
    for (const end of ends) {
      this.#add(this.#end, end);
      this.#lines += lineFeeds(bytes, this.#end, end);
      this.#end = end;
    }
  }

  /** Blanks are no record, unless they are too many: then nobody has seen whether the line ends in blanks alone. */
  #addLine(bytes: Buffer, begin: number, end: number, maxRecordBytes: number): void {
    const stop = end > begin && bytes[end - 1] === CR ? end - 1 : end;
    const canBeBlank = (bytes[begin] as number) <= BLANK && stop - begin <= maxRecordBytes;
    if (!canBeBlank || !isBlank(bytes, begin, stop)) this.#add(begin, stop);
  }

  #add(begin: number, stop: number): void {
    const at = STRIDE * this.#count++;
    if (at === this.#borders.length) this.#borders = doubled(this.#borders);
    this.#borders[at] = begin;
    this.#borders[at + 1] = stop;
    this.#borders[at + 2] = this.#lines;
  }
}
