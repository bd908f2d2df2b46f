import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileEncoding } from "../../../src/formats/encodings.ts";
import { decodeText, encodeText } from "../../../src/formats/encodings.ts";
import { rows } from "../../support/csv-decoding.ts";

/** What windows-1252 leaves undefined; TextDecoder gives control characters there. */
const UNDEFINED = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

describe("windows-1252", () => {
  const decoder = new TextDecoder("windows-1252");

  test.each(Array.from({ length: 256 }, (_, byte) => byte))("byte %i is the character that TextDecoder has", (byte) => {
    const bytes = Buffer.from([byte]);
    const text = decodeText(bytes, 0, 1, "windows-1252");
    expect(text).toBe(UNDEFINED.includes(byte) ? null : decoder.decode(bytes));
    if (text !== null) expect(encodeText(text, "windows-1252")).toEqual(bytes);
  });

  test("is read field by field, quotes and escapes too, and refuses what it leaves undefined", () => {
    const file = Buffer.from('1,\x80\x8a,"\x93a"",""b\x94"\n2,\x81,c\n', "latin1");
    expect(rows(file, { csv: { encoding: "windows-1252" } })).toEqual([["1", "€Š", '“a","b”'], "ENCODING_INVALID"]);
  });
});

describe("encodeText()", () => {
  const encodings = ["utf-8", "latin1", "windows-1252", "utf-16le", "utf-16be"] as const satisfies FileEncoding[];

  test.each(encodings)("gives bytes that are the text in %s, or null", (encoding) => {
    const decoder = new TextDecoder(encoding === "latin1" ? "utf-16le" : encoding, { fatal: true, ignoreBOM: true });
    const decode = (bytes: Buffer): string =>
      encoding === "latin1" ? bytes.toString("latin1") : decoder.decode(bytes);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom("€", "é", "\ud83d"), fc.string({ unit: "binary" })) }),
        (text) => {
          const bytes = encodeText(text, encoding);
          if (bytes !== null) expect(decode(bytes)).toBe(text);
          else expect(text).toMatch(/[^\0-\x7f]/);
        },
      ),
    );
  });

  test("has no bytes for half a surrogate pair, nor for what an encoding lacks", () => {
    expect(encodings.map((encoding) => encodeText("\ud83d", encoding))).toEqual([null, null, null, null, null]);
    expect([encodeText("€", "latin1"), encodeText("東", "windows-1252"), encodeText("\u0081", "windows-1252")]).toEqual(
      [null, null, null],
    );
  });
});
