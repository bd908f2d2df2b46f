/** CSV: the format of SEMANTICS "CSV". */
import type { DecodeSpec, EncodeSpec, Format } from "../../core/ports/format.ts";
import { transcoderOf } from "../encodings.ts";
import { CsvDecoder } from "./decode.ts";
import { csvDialect } from "./dialect.ts";
import { CsvEncoder } from "./encode.ts";
import { isWrittenPlain, PlainCsvEncoder } from "./encode-plain.ts";
import { readCsvHeader } from "./header.ts";
import { csvSplitter } from "./splitter.ts";

/** CSV in any dialect of `options`, as options.ts shapes it; absent keys take their defaults. */
export const csvFormat: Format = {
  name: "csv",
  transcoder: ({ options }: DecodeSpec) => transcoderOf(csvDialect(options).fileEncoding),
  readHeader(bytes, final, { options, maxRecordBytes }) {
    return readCsvHeader(bytes, final, csvDialect(options), maxRecordBytes);
  },
  splitter: ({ options }: DecodeSpec) => csvSplitter(csvDialect(options)),
  decoder: (spec: DecodeSpec) => new CsvDecoder({ ...spec, dialect: csvDialect(spec.options), fields: spec }),
  encoder(spec: EncodeSpec) {
    const dialect = csvDialect(spec.options);
    return isWrittenPlain(dialect) ? new PlainCsvEncoder(spec, dialect) : new CsvEncoder(spec, dialect);
  },
};
