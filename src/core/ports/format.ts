/**
 * A format: how bytes become records and records become bytes.
 *
 * The splitter works on the main thread and guesses; the decoder works in a thread and knows. Neither does I/O.
 */
import type { ErrorCode } from "../errors.ts";
import type { Columns } from "../record.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { FieldWords, PlacedFields } from "./placed-fields.ts";

/** Where one record begins and ends; what the splitter believes, to be verified by the decoder. */
export interface Border {
  /** Bytes up to and with the record's end; 0 when no border was seen. */
  readonly end: number;
  /** Records up to it, as far as the splitter can tell. */
  readonly records: number;
  /** Line feeds up to it. */
  readonly lines: number;
}

/** Finds record borders in a stream of bytes that starts at a border. */
export interface Splitter {
  /**
   * The last border in `bytes[begin, end)`, where `begin` is a border; or, with `maxRecords`, the one behind that many records.
   */
  lastBorder(bytes: Uint8Array, begin: number, end: number, maxRecords?: number): Border;
  /** The first line end at or behind `begin` whatever the quotes say, as the offset behind it; 0 when there is none. */
  nextLine(bytes: Uint8Array, begin: number, end: number): number;
}

/** A fault of one record that the decoder found. */
export interface RecordFault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** How a chunk is to be decoded. */
export interface DecodeRequest {
  readonly bytes: Uint8Array;
  /** No more bytes follow: an incomplete last record is malformed. */
  readonly final: boolean;
  /** The bytes end inside an oversized line whose rest was skipped; only with `final: false`. */
  readonly truncated: boolean;
  /** Ends of the records when the source framed them; absent for delimited bytes. */
  readonly ends?: Int32Array;
  /** Field names of this split's header, for formats that have one. */
  readonly fields?: readonly string[];
}

/**
 * The records of one chunk. Valid until the decoder's next `decode`; a record's fields are read one record at a time.
 *
 * Fields of the current record keep their source bytes, so that one which the transform returns untouched can be
 * written as it stood (large integers, scale and microseconds survive).
 */
export interface RecordBatch {
  /** Records, good and bad. */
  readonly count: number;
  /** Offset behind the last complete record; less than the bytes when the last one is incomplete, 0 when none is complete. */
  readonly end: number;
  /** Line feeds in `[0, end)`. */
  readonly lines: number;
  /** First byte of record i. */
  start(record: number): number;
  /** Offset behind the last byte of record i, without its terminator. */
  stop(record: number): number;
  /** Line feeds before record i; walks the bytes, so ask only for the few records that need it. */
  line(record: number): number;
  /** Makes record i current and builds it; or says why it is none. A decoder may reuse the fault object. */
  read(record: number): { readonly record: unknown } | { readonly fault: RecordFault };
  /**
   * Makes record i current without reading it, for encoders that pass it on as it stands; false where it has to be read.
   * Absent: every record has to be.
   */
  place?(record: number): boolean;
  /** The current record's own bytes and fields. */
  readonly current: SourceFields;
}

/** How the bytes of a source field have to be read; `text`: they are its text as Postgres writes it, whatever is in it. */
export type FieldEncoding = "csv" | "json" | "text";

/**
 * The current record as it stood in the source: the encoder asks it whether a value is untouched.
 *
 * A field is untouched when the value is the very one that `read` gave (same primitive, or the same Date with the same
 * time, or a JSON value that still serialises alike).
 */
export interface SourceFields {
  /** Notation of the field's bytes. */
  readonly encoding: FieldEncoding;
  /** The chunk's bytes. */
  readonly bytes: Uint8Array;
  /** Field names in source order. */
  readonly names: readonly string[];
  /** The number of the field called `name`, or -1; the same for all records of a split, save for JSON lines. */
  indexOf(name: string): number;
  /** Whether `value` is what field `index` gave. */
  isUntouched(index: number, value: unknown): boolean;
  /**
   * Where the field's text lies in `bytes`, the outer quotes left out; undefined when the bytes are not the plain text
   * of the value (a declared type whose notation differs from ISO, a zone of its own, an encoding other than UTF-8).
   */
  span(index: number): FieldSpan | undefined;
  /** Whether the field stands for null (an unquoted empty field of a typed column, a null mark, a JSON null). */
  isNull(index: number): boolean;
  /** The same in plain arrays, of sources that keep them. */
  readonly registers?: FieldRegisters | undefined;
  /** What there is of a record that was placed and not read. */
  readonly placed?: PlacedFields | undefined;
  /** The whole record's bytes when it is one JSON value, for passing an untouched line on; else undefined. */
  whole(value: unknown): { readonly begin: number; readonly end: number } | undefined;
}

/**
 * The current record in plain arrays, for code that looks at every field of every record and cannot afford a call for each.
 *
 * Field i is untouched if it still is `values[i]`, and as a Date still has the time `times[i]`. Where a string or Date is
 * untouched, its text lies in `view` from `words[at + 2i]` on to the offset in `words[at + 2i + 1]`, and may be copied as it
 * stands if that second word has none of the bits in `closer`; else {@link SourceFields.span} has to be asked. For null the
 * words mean nothing.
 */
export interface FieldRegisters extends FieldWords {
  readonly kinds: readonly FieldKind[];
  readonly values: readonly unknown[];
  readonly times: Float64Array;
  /** A byte that stands in quoted fields only. */
  readonly separator: number;
}

/**
 * `text`: a string that is its bytes; `int`: a whole number that its digits say all about; `digits`: a bigint that is its
 * bytes; `time`: a Date; `other`: nothing can be said without looking closer.
 */
export type FieldKind = "text" | "int" | "digits" | "time" | "other";

/** A field's bytes. `escaped`: they hold escapes of the field's encoding (doubled quotes in csv, backslashes in json). */
export interface FieldSpan {
  readonly begin: number;
  readonly end: number;
  readonly escaped: boolean;
  /** JSON: a string's text lies between quotes; false for numbers, booleans, arrays and objects. CSV: it was quoted. */
  readonly quoted: boolean;
}

/** Decodes chunk after chunk; made once a thread. */
export interface Decoder {
  /**
   * Indexes a chunk. Never throws for bad data: a malformed record is a fault of that record.
   *
   * With enough bytes (more than `maxRecordBytes`, or `final`, or `truncated`) it always consumes at least one record.
   *
   * @throws MillraceError SOURCE_FAILED for a format whose records cannot be told any more behind a fault (a JSON array)
   */
  decode(request: DecodeRequest): RecordBatch;
}

/** Writes output records for one sink; made once a thread and set of columns. */
export interface Encoder {
  /** Bytes before the first row of a file or stream; a header, often none. */
  readonly head: Uint8Array;
  /** The form of the row written last, of a format whose rows have two; absent: there is one, form 0. */
  readonly form?: RowForm;
  /**
   * Writes one row, or throws and leaves a part of it behind for the caller to take back.
   *
   * @param output what the transform returned
   * @param source the record it came from, for fields that were left untouched
   * @throws MillraceError with a code of fault class `record` when the output cannot be written
   */
  encode(output: unknown, source: SourceFields, to: ByteWriter): void;
  /**
   * Writes the row that `encode` would make of a record that was placed and not read; false: it has to be read, and nothing
   * is written. Absent: all have to be.
   *
   * @throws MillraceError where it has to be read as well; a part of the row is then left behind
   */
  pass?(source: SourceFields, to: ByteWriter): boolean;
}

/** Which of its format's forms a row has: of COPY, 0 is binary and 1 is text. */
export type RowForm = 0 | 1;

/** What a decoder is made of: plain data, so that it can be sent to a thread. */
export interface DecodeSpec {
  readonly format: string;
  readonly options: Readonly<{ [name: string]: unknown }>;
  /** By the source's own field names, as `select` and the keys of `rename` are. */
  readonly columns: Columns;
  /** The fields to read, in the order in which the record has them; absent: all. */
  readonly select?: readonly string[];
  /** New names by the source's; all that comes behind the decoder knows only the new ones. */
  readonly rename?: { readonly [field: string]: string };
  readonly maxRecordBytes: number;
  /**
   * Records that are read before code is generated for them, absent: as many as its making costs. For those who want to see
   * it at once, or compare it with the plain way (`Infinity`).
   */
  readonly generateAfter?: number;
}

/** What an encoder is made of: plain data, so that it can be sent to a thread. */
export interface EncodeSpec {
  readonly sink: string;
  readonly format: string;
  readonly options: Readonly<{ [name: string]: unknown }>;
  /** Output columns in order; null: by the keys of the first records (SEMANTICS "Output columns"). */
  readonly columns: readonly OutputColumn[] | null;
  /** Whether the format needs columns at all; JSON lines do not. */
  readonly needsColumns: boolean;
  readonly onUnknownField: "error" | "ignore";
  /** Output columns that there are in any case where the others are found by looking at the first records. */
  readonly always?: readonly string[];
  /** Tells the rows of different partitions apart; absent: all rows go to one place. */
  readonly partition?: PartitionSpec;
  /** Fields whose texts are to stand before each row's own bytes, for a sink that needs them apart; absent: none. */
  readonly attached?: readonly string[];
}

/** By what the rows of a sink are told apart: `name=value` of each field. */
export interface PartitionSpec {
  readonly fields: readonly string[];
  /** What stands between the pieces of several fields. */
  readonly separator: "/" | ",";
  /** Bytes that one piece may have. */
  readonly maxBytes: number;
}

/** One column of a sink's output; `type` is the sink's own word for it (a Postgres type name), if it has one. */
export interface OutputColumn {
  readonly name: string;
  readonly type?: string;
}

/**
 * Turns bytes of another encoding into the UTF-8 that everyone behind it reads and counts; piece by piece, wherever they
 * are cut. What is not valid in the encoding becomes bytes that are not valid UTF-8, so that the decoder rejects it.
 */
export interface Transcoder {
  /** Takes bytes from `input` until it or the room in `into` is used up; either may be a single byte. */
  write(input: Uint8Array, into: Uint8Array): { readonly read: number; readonly written: number };
  /** No more input follows: writes what is still held and gives the number of bytes; to be called until that is 0. */
  end(into: Uint8Array): number;
}

/** A format as the catalogue lists it. */
export interface Format {
  readonly name: string;
  /**
   * What has to stand between the source's bytes and everything here, header and positions included, one for each
   * reading; null or absent where the bytes are taken as they are.
   */
  transcoder?(spec: DecodeSpec): Transcoder | null;
  /** Reads the header at the start of a file: names, and the offset of the first record; null when more bytes are needed. */
  readHeader(bytes: Uint8Array, final: boolean, spec: DecodeSpec): Header | null;
  splitter(spec: DecodeSpec): Splitter;
  decoder(spec: DecodeSpec): Decoder;
  encoder(spec: EncodeSpec): Encoder;
  /**
   * Whether form 0 has values of a type, by the sink's word for it (`OutputColumn.type`); with a column of any other type all
   * rows have form 1. Absent: there is one form, which has all.
   */
  writes?(type: string): boolean;
}

/** What stands before the first record of a file. */
export interface Header {
  /** Field names, when the format or its options give any. */
  readonly fields?: readonly string[];
  /** Offset of the first record: behind a byte order mark and a header line. */
  readonly dataOffset: number;
  /** Line feeds before it. */
  readonly lines: number;
}
