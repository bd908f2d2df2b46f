/** Readers of string and uuid: the text itself. */
import { asciiBytes } from "./ascii.ts";
import { anyPlain, type ColumnReader, INVALID, TEXT } from "./reader.ts";

const DASH = 45;
const UUID_LENGTH = 36;
/** What each byte counts in a uuid: a hexadecimal digit 1, a dash more than all digits together, any other nothing. */
const counts = new Uint8Array(256);
for (const digit of Buffer.from("0123456789abcdefABCDEF")) counts[digit] = 1;
counts[DASH] = 64;
const UUID_SUM = 32 + 4 * 64;

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

/** Adds up what the bytes count: with dashes in four places, 32 more can only be 32 digits. */
function isUuid(bytes: Uint8Array, at: number): boolean {
  let sum = 0;
  for (let i = at; i < at + UUID_LENGTH; i += 4) {
    sum +=
      (counts[bytes[i] as number] as number) +
      (counts[bytes[i + 1] as number] as number) +
      (counts[bytes[i + 2] as number] as number) +
      (counts[bytes[i + 3] as number] as number);
  }
  if (sum !== UUID_SUM) return false;
  return bytes[at + 8] === DASH && bytes[at + 13] === DASH && bytes[at + 18] === DASH && bytes[at + 23] === DASH;
}
