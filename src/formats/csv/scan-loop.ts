/**
 * What all scanners share: the walk over a range, line by line and record by record. How the fields of a record are told
 * is each scanner's own.
 *
 * A scanner takes well-formed records only. At anything else it halts in front of that record and says what it met; what
 * that means (malformed, too large, or only cut) is for `judge.ts` to say.
 */
import { CR, LF } from "../lines.ts";
import { type Dialect, isBlank } from "./dialect.ts";
import type { FieldIndex } from "./field-index.ts";
import type { Halt, HaltKind, RecordScanner, ScanRange } from "./record-scanner.ts";

/** Given instead of an offset by whatever halted. */
export const HALTED = -1;

/** One scanner fills one index. */
export abstract class ScanLoop implements RecordScanner {
  readonly halt: Halt = { kind: "none", at: 0, field: 0, behindQuotes: false };
  lines = 0;
  protected readonly dialect: Dialect;
  protected readonly index: FieldIndex;
  protected range: ScanRange = { bytes: new Uint8Array(0), begin: 0, end: 0, closed: true };
  /** Line feeds inside the quotes of the record being read. */
  protected quotedLines = 0;
  readonly #maxRecordBytes: number;
  /** Bytes of a delimiter. */
  readonly #step: number;

  constructor(dialect: Dialect, maxRecordBytes: number, index: FieldIndex) {
    this.dialect = dialect;
    this.index = index;
    this.#maxRecordBytes = maxRecordBytes;
    this.#step = dialect.wide?.delimiter.length ?? 1;
  }

  /** The offset behind a line that is no record; `at` itself when a record begins there. */
  protected abstract skipLine(at: number): number;

  /**
   * Adds the field that begins at `at` to the index, and as many behind it as the scanner likes; gives the offset of the
   * delimiter or line feed behind them, or the end of the bytes.
   */
  protected abstract takeFields(at: number): number;

  restart(): void {
    this.lines = 0;
  }

  scan(range: ScanRange, most = Number.POSITIVE_INFINITY): number {
    this.range = range;
    this.halt.kind = "none";
    const enough = this.index.recordCount + most;
    let at = range.begin;
    while (at < range.end && this.index.recordCount < enough) {
      let next = this.skipLine(at);
      if (next === at) next = this.#record(at, false);
      if (next === HALTED) return at;
      at = next;
    }
    return at;
  }

  scanOne(range: ScanRange): number {
    this.range = range;
    this.halt.kind = "none";
    const next = this.#record(range.begin, true);
    return next === HALTED ? range.begin : next;
  }

  protected skipComment(at: number): number {
    const { bytes, end, closed } = this.range;
    const lineFeed = bytes.indexOf(LF, at);
    if (lineFeed !== -1 && lineFeed < end) {
      this.lines++;
      return lineFeed + 1;
    }
    return closed ? end : this.halted("comment", at);
  }

  protected skipBlankLine(at: number): number {
    const { bytes, end, closed } = this.range;
    const { trimLeft, trimRight } = this.dialect;
    let stop = trimLeft || trimRight ? this.behindBlanks(at) : at;
    if (bytes[stop] === CR && stop + 1 < end && bytes[stop + 1] === LF) stop++;
    if (stop < end && bytes[stop] !== LF) return at;
    // blanks without a line end: a record of one field unless the bytes end here for good
    if (stop === end) return closed && end - at <= this.#maxRecordBytes ? end : at;
    if (stop - at > this.#maxRecordBytes) return at;
    this.lines++;
    return stop + 1;
  }

  /** The offset of the first byte from `from` on that `trim` keeps. */
  protected behindBlanks(from: number): number {
    const { bytes, end } = this.range;
    let at = from;
    while (at < end && isBlank(bytes[at], this.dialect)) at++;
    return at;
  }

  /** The offset behind the text of the field `bytes[begin, end)` without the blanks that `trim` drops. */
  protected beforeBlanks(begin: number, end: number): number {
    const { bytes } = this.range;
    let stop = end;
    while (stop > begin && isBlank(bytes[stop - 1], this.dialect)) stop--;
    return stop;
  }

  protected halted(kind: HaltKind, at: number, behindQuotes = false): typeof HALTED {
    this.halt.kind = kind;
    this.halt.at = at;
    this.halt.behindQuotes = behindQuotes;
    return HALTED;
  }

  /** The offset behind the record that begins at `start`. */
  #record(start: number, framed: boolean): number {
    const { bytes, end } = this.range;
    const { index } = this;
    const { trimLeft } = this.dialect;
    const step = this.#step;
    const firstField = index.fieldCount;
    this.quotedLines = 0;
    let at = start;
    for (;;) {
      at = this.takeFields(trimLeft ? this.behindBlanks(at) : at);
      if (at === HALTED) return this.#takeBack(firstField);
      if (at === end || bytes[at] === LF) break;
      at += step;
    }
    const crowded = framed && at + 1 < end;
    if (crowded || at - start > this.#maxRecordBytes) {
      this.halted("long", at);
      return this.#takeBack(firstField);
    }
    const terminated = at < end;
    const stop = terminated && at > start && bytes[at - 1] === CR ? at - 1 : at;
    index.addRecord(start, stop, firstField, this.lines);
    this.lines += this.quotedLines + (terminated ? 1 : 0);
    return terminated ? at + 1 : at;
  }

  /** Forgets the fields of a record that cannot be taken. */
  #takeBack(firstField: number): typeof HALTED {
    this.halt.field = this.index.fieldCount - firstField + 1;
    this.index.fieldCount = firstField;
    return HALTED;
  }
}
