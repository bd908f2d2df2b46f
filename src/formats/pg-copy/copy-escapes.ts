/** What COPY text escapes. */
import { type Escapes, escapeTable, FORBIDDEN } from "../escapes.ts";

/** Source: PostgreSQL documentation, COPY, "Text Format". */
export const copyEscapes: Escapes = escapeTable(
  { "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t", "\v": "v", "\\": "\\" },
  { controls: 0, nul: FORBIDDEN, loneSurrogate: FORBIDDEN },
);
