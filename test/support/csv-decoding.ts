/** One decoding of a CSV text, for tests that look at single rules. */
import type { RecordBatch } from "../../src/core/ports/format.ts";
import type { Columns } from "../../src/core/record.ts";
import { csvFormat } from "../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";

/** What differs from a final chunk of default CSV with the fields a, b and c. */
export interface DecodingOptions {
  readonly csv?: CsvOptions;
  readonly columns?: Columns;
  readonly maxRecordBytes?: number;
  readonly fields?: readonly string[];
  readonly final?: boolean;
  readonly truncated?: boolean;
  readonly ends?: Int32Array;
}

/** A batch of the text, which lies in shared memory as it does in a run. */
export function decodeBatch(input: string | Uint8Array, options: DecodingOptions = {}): RecordBatch {
  const { csv = {}, columns = {}, maxRecordBytes = 1000, fields = ["a", "b", "c"] } = options;
  const decoder = csvFormat.decoder({ format: "csv", options: csv, columns, maxRecordBytes });
  const bytes = sharedBytes(input);
  const { final = true, truncated = false, ends } = options;
  return decoder.decode({ bytes, final, truncated, fields, ...(ends === undefined ? {} : { ends }) });
}

/** Its records; of a malformed one `CODE: message`. */
export function outcomes(batch: RecordBatch): unknown[] {
  return Array.from({ length: batch.count }, (_, i) => {
    const read = batch.read(i);
    return "fault" in read ? `${read.fault.code}: ${read.fault.message}` : read.record;
  });
}

/** Its records as lists of values; of a malformed one only its code. */
export function rows(input: string | Uint8Array, options: DecodingOptions = {}): unknown[] {
  return outcomes(decodeBatch(input, options)).map((outcome) =>
    typeof outcome === "string" ? outcome.slice(0, outcome.indexOf(":")) : Object.values(outcome as object),
  );
}

/** A text or bytes in shared memory. */
export function sharedBytes(input: string | Uint8Array): Buffer {
  const bytes = typeof input === "string" ? Buffer.from(input) : input;
  const memory = Buffer.from(new SharedArrayBuffer(bytes.length));
  memory.set(bytes);
  return memory;
}
