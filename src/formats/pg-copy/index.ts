/** The format of COPY: rows as Postgres takes and gives them. */
import { MillraceError } from "../../core/errors.ts";
import type { Format } from "../../core/ports/format.ts";
import { CopyBinaryEncoder } from "./binary/encode-binary.ts";
import { binaryType } from "./binary/types.ts";
import { CopyTextDecoder } from "./decode.ts";
import { CopyTextEncoder } from "./encode-text.ts";

/** COPY text; read only of sources that frame their records themselves. */
export const pgCopyFormat: Format = {
  name: "pg-copy",
  readHeader: () => ({ dataOffset: 0, lines: 0 }),
  // Postgres frames its rows, so nobody ever asks where one ends
  splitter: () => ({ lastBorder: neverCut, nextLine: neverCut }),
  decoder: (spec) => new CopyTextDecoder(spec),
  encoder: (spec) => new CopyTextEncoder(spec),
};

/** The same for writers, in COPY's binary format where a row allows it. */
export const pgCopyBinaryFormat: Format = {
  ...pgCopyFormat,
  name: "pg-copy-binary",
  encoder: (spec) => new CopyBinaryEncoder(spec),
  writes: (type) => binaryType(type) !== undefined,
};

function neverCut(): never {
  throw new MillraceError("INVARIANT", "rows of COPY are framed by their source; there is nothing to cut");
}
