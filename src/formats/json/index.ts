/** JSON: one array at the top, whose elements are the records; read as a stream, however long it is. */
import { MillraceError } from "../../core/errors.ts";
import type { DecodeSpec, EncodeSpec, Format } from "../../core/ports/format.ts";
import { JsonLinesDecoder } from "../jsonl/decode.ts";
import { elementIndexer } from "./element-index.ts";
import { readArrayStart } from "./header.ts";
import { arraySplitter } from "./splitter.ts";

/**
 * An array in UTF-8; its elements may be any JSON value. It is read only.
 *
 * An element that is no JSON is one reject. A comma before the closing bracket does no harm. Where no next element can be
 * found the run stops: see `element-scanner.ts` and `element-index.ts`.
 */
export const jsonFormat: Format = {
  name: "json",
  readHeader: readArrayStart,
  splitter: arraySplitter,
  decoder: (spec: DecodeSpec) => new JsonLinesDecoder(spec, elementIndexer()),
  encoder({ sink }: EncodeSpec) {
    throw new MillraceError("CONFIG_INVALID", `sink "${sink}": json is read only; write jsonl or csv`);
  },
};
