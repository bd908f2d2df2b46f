/** What fills the structural index of a chunk: one scanner for marks of single bytes, one for all others. */

/** What a scanner is given. */
export interface ScanRange {
  readonly bytes: Uint8Array;
  /** Begin of a record. */
  readonly begin: number;
  readonly end: number;
  /** The end of the bytes ends the last record, as a line end would. */
  readonly closed: boolean;
}

/** Why the scanner halted in front of a record. */
export type HaltKind =
  /** It did not. */
  | "none"
  /** A quote inside an unquoted field, or text behind a closing quote. */
  | "stray"
  /** The bytes end inside quotes. */
  | "open"
  /** The bytes end inside the record, outside quotes. */
  | "short"
  /** The record is complete, but longer than `maxRecordBytes`. */
  | "long"
  /** The bytes end inside a comment. */
  | "comment";

/** Where the scanner halted. */
export interface Halt {
  kind: HaltKind;
  /** The byte at fault; for `open` the opening quote. */
  at: number;
  /** Number of the field in its record, from 1. */
  field: number;
  /** The byte at fault stands behind a closing quote. */
  behindQuotes: boolean;
}

/** Takes well-formed records; at anything else it halts in front of that record. */
export interface RecordScanner {
  readonly halt: Halt;
  /** Line feeds that were taken, since it was last set. */
  lines: number;
  /** What comes now are the bytes of another chunk: no line feeds were taken yet. */
  restart(): void;
  /**
   * Adds the records of a range to the index.
   *
   * @param most stops behind that many records
   * @returns the offset behind what was taken; where that is less, {@link halt} says why
   */
  scan(range: ScanRange, most?: number): number;
  /** Adds exactly one record, be it blank or like a comment; for records that were framed by their source. */
  scanOne(range: ScanRange): number;
}
