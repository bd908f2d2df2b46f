/** Bytes: every record that a source frames is one field called `bytes`, as it stands. */
import type { Format } from "../../core/ports/format.ts";
import { OneFieldDecoder } from "../framed/one-field-decoder.ts";
import { OneFieldEncoder } from "../framed/one-field-encoder.ts";
import { linesSplitter } from "../jsonl/splitter.ts";

/** The field: a copy, because the memory of a chunk is used again. */
const field = {
  title: "bytes",
  read: (bytes: Buffer, begin: number, end: number): Uint8Array => new Uint8Array(bytes.subarray(begin, end)),
};

/** Only of sources that know where a record ends, and sinks that do. */
export const bytesFormat: Format = {
  name: "bytes",
  readHeader: () => ({ fields: [field.title], dataOffset: 0, lines: 0 }),
  splitter: () => linesSplitter,
  decoder: (spec) => new OneFieldDecoder(field, spec),
  encoder: (spec) => new OneFieldEncoder(field.title, spec),
};
