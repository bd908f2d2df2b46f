/** Readers of string and uuid: the text itself. */
import { type ColumnReader, INVALID } from "./reader.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const always = (): boolean => true;

/** Any text; a JSON value of another type is invalid, because there is more than one way to write it as text. */
export const stringReader: ColumnReader = {
  expected: "a string",
  exact: false,
  read: (text) => text,
  readJson: (value) => (typeof value === "string" ? value : INVALID),
  plain: always,
};

/** 8-4-4-4-12 hexadecimal digits; upper or lower case is kept as it is. */
export const uuidReader: ColumnReader = {
  expected: "a uuid such as 6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a",
  exact: false,
  read: readUuid,
  readJson: (value) => (typeof value === "string" ? readUuid(value) : INVALID),
  plain: always,
};

function readUuid(text: string): string | typeof INVALID {
  return uuid.test(text) ? text : INVALID;
}
