/** JSON lines in and any format out, in memory. */
import type { EncodeSpec, Format, RecordBatch, SourceFields } from "../../../src/core/ports/format.ts";
import type { Columns } from "../../../src/core/record.ts";
import { isMillraceError } from "../../../src/core/errors.ts";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";

export interface Decoding {
  readonly columns?: Columns;
  readonly maxRecordBytes?: number;
  readonly final?: boolean;
  readonly truncated?: boolean;
  readonly ends?: readonly number[];
}

/** Bytes in shared memory, as the threads get them. */
export function sharedBytes(content: string | Uint8Array): Uint8Array {
  const bytes = Buffer.from(content);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

export function decode(content: string | Uint8Array, options: Decoding = {}): RecordBatch {
  const { columns = {}, maxRecordBytes = 1_048_576, final = true, truncated = false, ends } = options;
  const decoder = jsonLinesFormat.decoder({ format: "jsonl", options: {}, columns, maxRecordBytes });
  const framed = ends === undefined ? {} : { ends: Int32Array.from(ends) };
  return decoder.decode({ bytes: sharedBytes(content), final, truncated, ...framed });
}

/** Every record, or the code of its fault. */
export function readAll(batch: RecordBatch): unknown[] {
  return Array.from({ length: batch.count }, (_, record) => {
    const read = batch.read(record);
    return "fault" in read ? read.fault.code : read.record;
  });
}

/** The fault of the only record. */
export function faultOf(content: string | Uint8Array, options: Decoding = {}): { code: string; message: string } {
  const batch = decode(content, options);
  const read = batch.read(batch.count - 1);
  return "fault" in read ? { ...read.fault } : { code: "none", message: JSON.stringify(read.record) };
}

export function encodeSpec(format: string, columns: EncodeSpec["columns"], ignoreUnknown = false): EncodeSpec {
  const onUnknownField = ignoreUnknown ? "ignore" : "error";
  return { sink: "sink", format, options: {}, columns, needsColumns: columns !== null, onUnknownField };
}

/** Sends every record through `transform` and the encoder; a refused one is a line with its code and message. */
export function encodeAll(
  batch: RecordBatch,
  encoder: ReturnType<Format["encoder"]>,
  transform: (record: never) => unknown = (record) => record,
): string {
  const to = new GrowingBytes(new SharedArrayBuffer(0));
  let text = "";
  for (let record = 0; record < batch.count; record++) {
    const read = batch.read(record);
    if ("fault" in read) continue;
    text += encodeOne(encoder, transform(read.record as never), batch.current, to);
  }
  return text;
}

/** A source that knows no fields. */
export const noSource: SourceFields = {
  encoding: "csv",
  bytes: new Uint8Array(0),
  names: [],
  indexOf: () => -1,
  isUntouched: () => false,
  span: () => undefined,
  isNull: () => false,
  whole: () => undefined,
};

export function encodeOne(
  encoder: ReturnType<Format["encoder"]>,
  output: unknown,
  source: SourceFields = noSource,
  to: GrowingBytes = new GrowingBytes(new SharedArrayBuffer(0)),
): string {
  to.length = 0;
  try {
    encoder.encode(output, source, to);
  } catch (thrown) {
    if (!isMillraceError(thrown) || thrown.fault !== "record") throw thrown;
    return `${thrown.code}: ${thrown.message}\n`;
  }
  return to.bytes.toString("utf8", 0, to.length);
}

/** One CSV record as a source; a field is its bytes, its value and how it was written. */
export function csvSource(
  fields: readonly {
    name: string;
    text: string;
    value: unknown;
    escaped?: boolean;
    quoted?: boolean;
    plain?: boolean;
  }[],
): SourceFields {
  const bytes = sharedBytes(fields.map(({ text }) => text).join("|"));
  let at = 0;
  const spans = fields.map(({ text, escaped = false, quoted = false }) => {
    const begin = at;
    const end = begin + Buffer.byteLength(text);
    at = end + 1;
    return { begin, end, escaped, quoted };
  });
  return {
    encoding: "csv",
    bytes,
    names: fields.map(({ name }) => name),
    indexOf: (name) => fields.findIndex((field) => field.name === name),
    isUntouched: (index, value) => fields[index]?.value === value,
    span: (index) => (fields[index]?.plain === false ? undefined : spans[index]),
    isNull: () => false,
    whole: () => undefined,
  };
}
