/** The encodings of text files. */
import { isAscii, isUtf8 } from "node:buffer";
import { MillraceError } from "../core/errors.ts";
import { Utf16Transcoder } from "./utf16.ts";
import type { Transcoder } from "../core/ports/format.ts";

/** Every encoding that a config may name. */
export const FILE_ENCODINGS = ["utf-8", "latin1", "windows-1252", "utf-16le", "utf-16be"] as const;

/** How the bytes of a file are text. */
export type FileEncoding = (typeof FILE_ENCODINGS)[number];

/** The encodings that scanners and decoders see: in all of them an ASCII character is its own single byte. */
export type TextEncoding = "utf-8" | "latin1" | "windows-1252";

/** The bytes 0x80 to 0x9f of windows-1252 (unicode.org, CP1252.TXT); U+FFFD where it has none. */
const UPPER_CONTROLS = "€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ";
const REPLACEMENT = "\uFFFD";
const FIRST_UPPER = 0x80;
const upperControl = /[\x80-\x9f]/g;

const byteOfUpper: ReadonlyMap<string, number> = new Map(
  Array.from(UPPER_CONTROLS, (character, index) => [character, FIRST_UPPER + index] as const).filter(
    ([character]) => character !== REPLACEMENT,
  ),
);

/** What an encoding is behind its transcoder. */
export function textEncodingOf(encoding: FileEncoding): TextEncoding {
  return encoding === "utf-16le" || encoding === "utf-16be" ? "utf-8" : encoding;
}

/** What has to stand before the scanner, if anything. */
export function transcoderOf(encoding: FileEncoding): Transcoder | null {
  return encoding === "utf-16le" || encoding === "utf-16be" ? new Utf16Transcoder(encoding) : null;
}

/** The text of bytes, or null when they are not valid in the encoding. */
export function decodeText(bytes: Buffer, begin: number, end: number, encoding: TextEncoding): string | null {
  if (encoding !== "utf-8") {
    const text = bytes.toString("latin1", begin, end);
    return encoding === "latin1" ? text : decodedUpper(text);
  }
  // without its name the encoding is UTF-8, and need not be looked up for every field
  const text = bytes.toString(undefined, begin, end);
  // only text with a replacement character can come from invalid bytes, and then they are looked at
  return text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(begin, end)) ? null : text;
}

/** The bytes of a text in a file of this encoding, or null when it has none for one of the characters. */
export function encodeText(text: string, encoding: FileEncoding): Buffer | null {
  switch (encoding) {
    case "utf-8":
      return text.isWellFormed() ? Buffer.from(text) : null;
    case "utf-16le":
      return text.isWellFormed() ? Buffer.from(text, "utf16le") : null;
    case "utf-16be":
      return text.isWellFormed() ? Buffer.from(text, "utf16le").swap16() : null;
    case "latin1":
      return isLatin1(text) ? Buffer.from(text, "latin1") : null;
    case "windows-1252":
      return encodeWindows1252(text);
  }
}

/**
 * The bytes of a mark as a scanner meets them.
 *
 * @param key told in the error: `csv.delimiter`
 * @throws MillraceError CONFIG_INVALID when the encoding has none
 */
export function markBytes(mark: string, encoding: TextEncoding, key: string): Buffer {
  const bytes = encodeText(mark, encoding);
  if (bytes !== null) return bytes;
  throw new MillraceError("CONFIG_INVALID", `${key}: ${JSON.stringify(mark)} cannot stand in a file in ${encoding}`);
}

function decodedUpper(text: string): string | null {
  const decoded = text.replace(
    upperControl,
    (character) => UPPER_CONTROLS[character.charCodeAt(0) - FIRST_UPPER] ?? "",
  );
  return decoded.includes(REPLACEMENT) ? null : decoded;
}

function encodeWindows1252(text: string): Buffer | null {
  const bytes = Buffer.from(text, "latin1");
  if (isAscii(bytes) && bytes.length === text.length && isLatin1(text)) return bytes;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < FIRST_UPPER || (code >= 0xa0 && code <= 0xff)) continue;
    const byte = byteOfUpper.get(text[at] as string);
    if (byte === undefined) return null;
    bytes[at] = byte;
  }
  return bytes;
}

function isLatin1(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false;
  return true;
}
