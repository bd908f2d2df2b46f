/** The elements of a JSON array as records. */
import { MillraceError } from "../../core/errors.ts";
import type { IndexedBytes, RecordBorders } from "../jsonl/record-borders.ts";
import { lineFeeds } from "../lines.ts";
import { type ElementEnd, ElementScanner } from "./element-scanner.ts";

const SPACE = 32;

/** Takes the elements of one chunk. */
export interface ElementIndexer {
  /**
   * Takes whole elements only, and an element has to end within `maxRecordBytes`: behind a longer one, and where the array
   * itself is at fault, nobody can tell records any more, so the run has to stop.
   *
   * @throws MillraceError SOURCE_FAILED with `details.offset`, a place in the chunk
   */
  (chunk: IndexedBytes, maxRecordBytes: number, borders: RecordBorders): void;
}

/** Makes the indexer of a decoder. */
export function elementIndexer(): ElementIndexer {
  const scanner = new ElementScanner();
  return (chunk, maxRecordBytes, borders) => {
    new ChunkElements(scanner, chunk, maxRecordBytes, borders).take();
  };
}

class ChunkElements {
  readonly #scanner: ElementScanner;
  readonly #chunk: IndexedBytes;
  readonly #maxRecordBytes: number;
  readonly #borders: RecordBorders;

  constructor(scanner: ElementScanner, chunk: IndexedBytes, maxRecordBytes: number, borders: RecordBorders) {
    this.#scanner = scanner;
    this.#chunk = chunk;
    this.#maxRecordBytes = maxRecordBytes;
    this.#borders = borders;
  }

  take(): void {
    const { bytes, final } = this.#chunk;
    const scanner = this.#scanner;
    let begin = 0;
    let kind = scanner.scan(bytes, begin, bytes.length, final);
    while (kind === "comma" || kind === "broken") {
      if (scanner.seen - begin > this.#maxRecordBytes) this.#refuseSize(begin);
      this.#add(begin, scanner.stop, scanner.next);
      begin = scanner.next;
      // a broken element that reaches to the end has the closing bracket in it
      if (kind === "broken" && begin === bytes.length && final) return;
      kind = scanner.scan(bytes, begin, bytes.length, final);
    }
    if (kind === "lost") this.#stop(begin, scanner.stop, LOST);
    this.#takeTail(begin, kind);
  }

  /** The bytes behind the last comma: the last element, the closing bracket, blanks; or a part of that. */
  #takeTail(begin: number, kind: ElementEnd): void {
    const { bytes, final, truncated } = this.#chunk;
    const { length } = bytes;
    const bracket = this.#scanner.stop;
    const behind = kind === "close" ? firstByte(bytes, bracket + 1, length) : length;
    if (behind < length) this.#stop(begin, behind, GARBAGE);
    if (length - begin > this.#maxRecordBytes || (truncated && begin === 0)) this.#refuseSize(begin);
    if (!final) return;
    if (kind !== "close") throw stopAt(length, UNCLOSED);
    if (firstByte(bytes, begin, bracket) < bracket) this.#add(begin, bracket, length);
    else this.#borders.advance(length, lineFeeds(bytes, begin, length));
  }

  /** Adds what stands between two borders, blanks around it left out. */
  #add(begin: number, stop: number, next: number): void {
    const { bytes } = this.#chunk;
    const first = firstByte(bytes, begin, stop);
    let last = stop;
    while (last > first && (bytes[last - 1] as number) <= SPACE) last--;
    const linesBefore = lineFeeds(bytes, begin, first);
    this.#borders.advance(first, linesBefore);
    this.#borders.add(first, last);
    this.#borders.advance(next, lineFeeds(bytes, first, next));
  }

  /** Ends the run for what stands at `at`, unless the element is too long to look that far. */
  #stop(begin: number, at: number, message: string): never {
    if (at - begin > this.#maxRecordBytes) this.#refuseSize(begin);
    throw stopAt(at, message);
  }

  #refuseSize(begin: number): never {
    const { bytes } = this.#chunk;
    const limit = `maxRecordBytes (${this.#maxRecordBytes} bytes)`;
    throw stopAt(
      firstByte(bytes, begin, bytes.length),
      `no comma or closing bracket ends this element within ${limit}, and behind it no record can be told: correct it, or raise source.maxRecordBytes`,
    );
  }
}

const LOST =
  "the element is broken (a quote or a bracket is missing, or one too many), and elements that do not each begin a line leave no way to find the next: correct it";
const GARBAGE =
  "something follows the closing bracket, so this is no single array: remove it; for one JSON value a line set source.format to jsonl";
const UNCLOSED =
  "the file ends before the array is closed: it may be cut; bring the whole file, or close the array with ]";

function stopAt(offset: number, message: string): MillraceError {
  return new MillraceError("SOURCE_FAILED", message, { details: { offset } });
}

function firstByte(bytes: Uint8Array, begin: number, end: number): number {
  let at = begin;
  while (at < end && (bytes[at] as number) <= SPACE) at++;
  return at;
}
