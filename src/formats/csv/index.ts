/** CSV: the format of SEMANTICS "CSV". */
import type { DecodeSpec, EncodeSpec, Format } from "../../core/ports/format.ts";
import { CsvDecoder } from "./decode.ts";
import { csvDialect } from "./dialect.ts";
import { CsvEncoder } from "./encode.ts";
import { readCsvHeader } from "./header.ts";
import { csvSplitter } from "./splitter.ts";

/** CSV in any dialect of `options`, as options.ts shapes it; absent keys take their defaults. */
export const csvFormat: Format = {
  name: "csv",
  readHeader(bytes, final, { options, maxRecordBytes }) {
    return readCsvHeader(bytes, final, csvDialect(options), maxRecordBytes);
  },
  splitter: ({ options }: DecodeSpec) => csvSplitter(csvDialect(options)),
  decoder({ options, columns, maxRecordBytes }: DecodeSpec) {
    return new CsvDecoder({ dialect: csvDialect(options), columns, maxRecordBytes });
  },
  encoder: (spec: EncodeSpec) => new CsvEncoder(spec, csvDialect(spec.options)),
};
