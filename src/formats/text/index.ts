/** Text: every line is a record with the one field `text`. */
import { MillraceError } from "../../core/errors.ts";
import type { DecodeSpec, Format } from "../../core/ports/format.ts";
import { CsvDecoder } from "../csv/decode.ts";
import { type Dialect, textDialect } from "../csv/dialect.ts";
import { readCsvHeader } from "../csv/header.ts";
import { csvSplitter } from "../csv/splitter.ts";
import { type FileEncoding, transcoderOf } from "../encodings.ts";
import type { TextOptions } from "./options.ts";

/**
 * Lines as they stand, blank ones too, without their ends (LF or CRLF); the last one need not have any. It is read only.
 *
 * A line is a record of CSV that has no delimiter, no quotes and no comments, so one decoder does both.
 */
export const textFormat: Format = {
  name: "text",
  transcoder: (spec) => transcoderOf(encodingOf(spec)),
  readHeader: (bytes, final, spec) => readCsvHeader(bytes, final, dialectOf(spec), spec.maxRecordBytes),
  splitter: (spec) => csvSplitter(dialectOf(spec)),
  decoder: (spec) => new CsvDecoder({ dialect: dialectOf(spec), fields: spec, maxRecordBytes: spec.maxRecordBytes }),
  encoder(spec) {
    throw new MillraceError("CONFIG_INVALID", `sink "${spec.sink}": text is read only; write csv or jsonl`);
  },
};

function encodingOf({ options }: DecodeSpec): FileEncoding {
  return (options as TextOptions).encoding ?? "utf-8";
}

function dialectOf(spec: DecodeSpec): Dialect {
  return textDialect(encodingOf(spec));
}
