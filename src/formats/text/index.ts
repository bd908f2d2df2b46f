/** Text: every line is a record with the one field `text`. */
import type { DecodeSpec, Format } from "../../core/ports/format.ts";
import { TextRecordDecoder } from "./decode.ts";
import { type Dialect, textDialect } from "../csv/dialect.ts";
import { readCsvHeader } from "../csv/header.ts";
import { csvSplitter } from "../csv/splitter.ts";
import { OneFieldEncoder } from "../framed/one-field-encoder.ts";
import { type FileEncoding, transcoderOf } from "../encodings.ts";
import type { TextOptions } from "./options.ts";

/**
 * Lines as they stand, blank ones too, without their ends (LF or CRLF); the last one need not have any. What is written has no line ends:
 * only a sink whose rows are messages takes it.
 *
 * What a source has framed is one record whatever line ends are in it.
 */
export const textFormat: Format = {
  name: "text",
  transcoder: (spec) => transcoderOf(encodingOf(spec)),
  readHeader: (bytes, final, spec) => readCsvHeader(bytes, final, dialectOf(spec), spec.maxRecordBytes),
  splitter: (spec) => csvSplitter(dialectOf(spec)),
  decoder: (spec) => new TextRecordDecoder(spec),
  encoder: (spec) => new OneFieldEncoder("text", spec),
};

function encodingOf({ options }: DecodeSpec): FileEncoding {
  return (options as TextOptions).encoding ?? "utf-8";
}

function dialectOf(spec: DecodeSpec): Dialect {
  return textDialect(encodingOf(spec));
}
