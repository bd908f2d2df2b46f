/** What stands before the first record of a file: a byte order mark, a line of names. */
import { MillraceError } from "../../core/errors.ts";
import type { Header } from "../../core/ports/format.ts";
import { bufferOf, lineFeeds } from "../lines.ts";
import type { FileEncoding } from "../encodings.ts";
import { type Dialect, invalidBytes } from "./dialect.ts";
import { FieldIndex } from "./field-index.ts";
import { FieldText } from "./field-text.ts";
import { judge } from "./judge.ts";
import type { RecordScanner } from "./record-scanner.ts";
import { scannerOf } from "./scanners.ts";

const UTF8_MARK = [0xef, 0xbb, 0xbf];
/** U+FFFE in UTF-8. */
const SWAPPED_MARK = [0xef, 0xbf, 0xbe];
const UTF16_MARKS: readonly (readonly [FileEncoding, readonly number[]])[] = [
  ["utf-16le", [0xff, 0xfe]],
  ["utf-16be", [0xfe, 0xff]],
];

/** A file without any record. */
const EMPTY: Header = { fields: [], dataOffset: 0, lines: 0 };

/**
 * Reads the head of a file.
 *
 * Without a header line (`header: false`) the first well-formed record says how many fields there are, and they are
 * called column1, column2, ...
 *
 * @param bytes from the very beginning of the file
 * @returns null when more bytes are needed; no fields when a file without a header line holds no record at all
 * @throws MillraceError HEADER_INVALID for a header line that is missing or malformed, or a name that stands there twice
 */
export function readCsvHeader(
  input: Uint8Array,
  final: boolean,
  dialect: Dialect,
  maxRecordBytes: number,
): Header | null {
  const bytes = bufferOf(input);
  if (!final && bytes.length < UTF8_MARK.length) return null;
  const begin = markLength(bytes, dialect);
  if (typeof dialect.header !== "boolean") return { fields: dialect.header, dataOffset: begin, lines: 0 };
  const search = new FirstRecord(bytes.subarray(begin), final, dialect, maxRecordBytes);
  if (dialect.header) return search.names(begin);
  const width = search.width();
  if (width === null) return final ? EMPTY : null;
  return { fields: Array.from({ length: width }, (_, i) => `column${i + 1}`), dataOffset: begin, lines: 0 };
}

/** Reads the first record of the bytes behind a byte order mark. */
class FirstRecord {
  readonly #bytes: Buffer;
  readonly #final: boolean;
  readonly #dialect: Dialect;
  readonly #maxRecordBytes: number;
  readonly #index = new FieldIndex();
  readonly #scanner: RecordScanner;

  constructor(bytes: Buffer, final: boolean, dialect: Dialect, maxRecordBytes: number) {
    this.#bytes = bytes;
    this.#final = final;
    this.#dialect = dialect;
    this.#maxRecordBytes = maxRecordBytes;
    this.#scanner = scannerOf(dialect, maxRecordBytes, this.#index, null);
  }

  /** The names in the first record, which must be well-formed. */
  names(offset: number): Header | null {
    const behind = this.#find((message) => {
      throw new MillraceError("HEADER_INVALID", `the header line: ${message}`);
    });
    if (behind === null) {
      if (!this.#final) return null;
      throw new MillraceError(
        "HEADER_INVALID",
        "it is empty, and a header line was expected; a file without one needs csv: { header: false } or { header: [names] }",
      );
    }
    const fields = this.#texts();
    const twice = fields.find((name, index) => fields.indexOf(name) !== index);
    if (twice !== undefined) {
      throw new MillraceError(
        "HEADER_INVALID",
        `the header line names ${JSON.stringify(twice)} twice: give each field a name of its own, or list the names in csv.header`,
      );
    }
    return { fields, dataOffset: offset + behind, lines: lineFeeds(this.#bytes, 0, behind) };
  }

  /** How many fields the first well-formed record has; null when there is none. */
  width(): number | null {
    return this.#find(() => {}) === null ? null : this.#index.width(0);
  }

  /** The offset behind the first well-formed record; null when there is none in these bytes. */
  #find(onFault: (message: string) => void): number | null {
    const bytes = this.#bytes;
    const request = {
      bytes,
      final: this.#final,
      truncated: false,
      first: false,
      maxRecordBytes: this.#maxRecordBytes,
      names: [],
    };
    let at = 0;
    while (at < bytes.length) {
      const next = this.#scanner.scan({ bytes, begin: at, end: bytes.length, closed: this.#final }, 1);
      if (this.#index.recordCount > 0) return next;
      if (next === bytes.length) return null;
      const verdict = judge(this.#scanner, { ...request, start: next });
      if (verdict === null) return null;
      if (verdict.fault !== undefined) onFault(verdict.fault.message);
      at = verdict.next;
    }
    return null;
  }

  #texts(): readonly string[] {
    const index = this.#index;
    const text = new FieldText(this.#dialect);
    text.reset(this.#bytes);
    text.enter(index.start(0), index.stop(0));
    return Array.from({ length: index.width(0) }, (_, field) => {
      const name = text.read(index.fields[2 * field] as number, index.fields[2 * field + 1] as number);
      if (name !== null) return name;
      throw new MillraceError("HEADER_INVALID", `the header line: field ${field + 1}: ${invalidBytes(this.#dialect)}`);
    });
  }
}

/**
 * Bytes of the byte order mark; encodings of one byte a character have none.
 *
 * @throws MillraceError HEADER_INVALID for the mark of another encoding
 */
function markLength(bytes: Buffer, { encoding, fileEncoding, encodingKey }: Dialect): number {
  if (encoding !== "utf-8") return 0;
  const other = fileEncoding === "utf-8" ? utf16Of(bytes) : otherOrder(bytes, fileEncoding);
  if (other !== undefined) {
    throw new MillraceError(
      "HEADER_INVALID",
      `the file begins with the byte order mark of ${other}, but ${encodingKey} is ${fileEncoding}; set it to ${other}`,
    );
  }
  return startsWith(bytes, UTF8_MARK) ? UTF8_MARK.length : 0;
}

function utf16Of(bytes: Buffer): FileEncoding | undefined {
  return UTF16_MARKS.find(([, mark]) => startsWith(bytes, mark))?.[0];
}

/** UTF-16 whose bytes were taken in the wrong order begins with U+FFFE, which is no character. */
function otherOrder(bytes: Buffer, encoding: FileEncoding): FileEncoding | undefined {
  if (!startsWith(bytes, SWAPPED_MARK)) return undefined;
  return encoding === "utf-16le" ? "utf-16be" : "utf-16le";
}

function startsWith(bytes: Buffer, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}
