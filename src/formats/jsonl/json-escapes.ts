/** What JSON strings escape. */
import { type Escapes, escapeTable, UNICODE } from "../escapes.ts";

/** RFC 8259: everything below U+0020, quotes and backslashes; a lone surrogate as JSON.stringify writes it. */
export const jsonEscapes: Escapes = escapeTable(
  { "\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r", '"': '"', "\\": "\\" },
  { controls: UNICODE, nul: UNICODE, loneSurrogate: UNICODE },
);
