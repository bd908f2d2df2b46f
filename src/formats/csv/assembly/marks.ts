/**
 * The dialect that is read, as bytes and as vectors of one byte.
 *
 * Vectors that never change are variables, too: constants would be made anew in every turn of a loop.
 */
export const LF: i32 = 10;
export const CR: i32 = 13;
const SPACE: i8 = 32;
const DOUBLE_QUOTE: i8 = 34;
const BACKSLASH: i8 = 92;

/** -1 where the dialect has none, here and below. It also makes a quote inside quotes data. */
export let quote: i32 = -1;
/** At the begin of a line. */
export let comment: i32 = -1;
export let keepsBlankLines: bool = false;
export let maxRecordBytes: i32 = 0;

/** What ends a field; what has no delimiter ends its fields where it ends its records. */
let delimiter: i32 = LF;
export let delimiters: v128 = i8x16.splat(0);
export let quotes: v128 = i8x16.splat(0);
export let lineFeeds: v128 = i8x16.splat(0);
export let returns: v128 = i8x16.splat(0);
let spaces: v128 = i8x16.splat(0);
let doubleQuotes: v128 = i8x16.splat(0);
let backslashes: v128 = i8x16.splat(0);

/** Sets the dialect of the calls to come. */
export function configure(delimiterByte: i32, quoteByte: i32, commentByte: i32, keeps: bool, mostBytes: i32): void {
  quote = quoteByte;
  comment = commentByte;
  keepsBlankLines = keeps;
  maxRecordBytes = mostBytes;
  delimiter = delimiterByte < 0 ? LF : delimiterByte;
  delimiters = i8x16.splat(<i8>delimiter);
  quotes = i8x16.splat(<i8>quote);
  lineFeeds = i8x16.splat(<i8>LF);
  returns = i8x16.splat(<i8>CR);
  spaces = i8x16.splat(SPACE);
  doubleQuotes = i8x16.splat(DOUBLE_QUOTE);
  backslashes = i8x16.splat(BACKSLASH);
}

/** Whether a byte ends a field, outside quotes. */
export function isFieldEnd(byte: i32): bool {
  return byte === LF || byte === delimiter;
}

/** Which of 16 bytes are a quote, have a flag in the index, or end a line. Below a space is also what is not ASCII. */
export function oddBytes(bytes: v128): v128 {
  const escaped = v128.or(i8x16.eq(bytes, doubleQuotes), i8x16.eq(bytes, backslashes));
  return v128.or(v128.or(i8x16.lt_s(bytes, spaces), i8x16.eq(bytes, quotes)), escaped);
}
