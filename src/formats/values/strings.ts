/** Readers of string and uuid: the text itself. */
import { asciiBytes } from "./ascii.ts";
import { anyPlain, type ColumnReader, INVALID, TEXT } from "./reader.ts";

const DASH = 45;
const UUID_LENGTH = 36;
/** 1 for each byte that is a hexadecimal digit. */
const hexDigits = new Uint8Array(256);
for (const digit of Buffer.from("0123456789abcdefABCDEF")) hexDigits[digit] = 1;

/** Any text; a JSON value of another type is invalid, because there is more than one way to write it as text. */
export const stringReader: ColumnReader = {
  expected: "a string",
  exact: false,
  read: (text) => text,
  readJson: (value) => (typeof value === "string" ? value : INVALID),
  plain: anyPlain,
};

/** 8-4-4-4-12 hexadecimal digits; upper or lower case is kept as it is. */
export const uuidReader: ColumnReader = {
  expected: "a uuid such as 6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a",
  exact: false,
  read: readUuid,
  readBytes: (bytes, begin, end) => (end - begin === UUID_LENGTH && isUuid(bytes, begin) ? TEXT : INVALID),
  readJson: (value) => (typeof value === "string" ? readUuid(value) : INVALID),
  plain: anyPlain,
};

function readUuid(text: string): string | typeof INVALID {
  return text.length === UUID_LENGTH && isUuid(asciiBytes(text), 0) ? text : INVALID;
}

function isUuid(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at + 8] === DASH &&
    bytes[at + 13] === DASH &&
    bytes[at + 18] === DASH &&
    bytes[at + 23] === DASH &&
    areHexDigits(bytes, at, at + 8) &&
    areHexDigits(bytes, at + 9, at + 13) &&
    areHexDigits(bytes, at + 14, at + 18) &&
    areHexDigits(bytes, at + 19, at + 23) &&
    areHexDigits(bytes, at + 24, at + UUID_LENGTH)
  );
}

function areHexDigits(bytes: Uint8Array, begin: number, end: number): boolean {
  let all = 1;
  for (let at = begin; at < end; at++) all &= hexDigits[bytes[at] as number] as number;
  return all === 1;
}
