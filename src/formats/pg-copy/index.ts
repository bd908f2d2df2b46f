/** The format of COPY .. FROM STDIN: written, never read. */
import { MillraceError } from "../../core/errors.ts";
import type { Format } from "../../core/ports/format.ts";
import { CopyTextEncoder } from "./encode-text.ts";

/** COPY text. @throws MillraceError USAGE when it is asked to decode */
export const pgCopyFormat: Format = {
  name: "pg-copy",
  readHeader: writeOnly,
  splitter: writeOnly,
  decoder: writeOnly,
  encoder: (spec) => new CopyTextEncoder(spec),
};

function writeOnly(): never {
  throw new MillraceError(
    "USAGE",
    "pg-copy is the format of Postgres sinks; a source has to name another, such as csv",
  );
}
