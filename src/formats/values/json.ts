/** Reader of json. */
import { nestingExceeds } from "./json-depth.ts";
import { type ColumnReader, INVALID } from "./reader.ts";

const QUOTE = 34;

/**
 * Any JSON text; of JSON lines the field's value as it is.
 *
 * The text of a string is not plain: a sink could not tell it from a string that holds quotes.
 */
export const jsonReader: ColumnReader = {
  expected: "JSON",
  exact: false,
  read: readJson,
  readJson: (value) => value,
  plain: (text) => text.charCodeAt(0) > 32 && text.charCodeAt(0) !== QUOTE,
};

function readJson(text: string): unknown {
  if (nestingExceeds(text)) return INVALID;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return INVALID;
  }
}
