import { describe, expect, test } from "vitest";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { noSource } from "../../../src/streams/no-source.ts";
import { bytesFormat } from "../../../src/formats/bytes/index.ts";
import type { DecodeSpec, Format } from "../../../src/core/ports/format.ts";
import { textFormat } from "../../../src/formats/text/index.ts";
import type { TextOptions } from "../../../src/formats/text/options.ts";
import { outcomes, sharedBytes } from "../../support/csv-decoding.ts";
import { encodeSpec } from "./json-lines.ts";

function lines(input: string | Buffer, options: TextOptions = {}, columns = {}, maxRecordBytes = 100): unknown[] {
  const spec = { format: "text", options, columns, maxRecordBytes };
  const bytes = sharedBytes(input);
  const header = textFormat.readHeader(bytes, true, spec);
  const batch = textFormat.decoder(spec).decode({
    bytes: bytes.subarray(header?.dataOffset),
    final: true,
    truncated: false,
    ...(header?.fields === undefined ? {} : { fields: header.fields }),
  });
  return outcomes(batch).map((outcome) =>
    typeof outcome === "string" ? outcome : (outcome as { text: unknown }).text,
  );
}

/** What a source has framed. */
function frames(format: Format, values: readonly (string | Buffer)[], spec: Partial<DecodeSpec> = {}): unknown[] {
  const pieces = values.map((value) => Buffer.from(value));
  let end = 0;
  const ends = Int32Array.from(pieces, ({ length }) => (end += length));
  const decoder = format.decoder({ format: format.name, options: {}, columns: {}, maxRecordBytes: 10, ...spec });
  const batch = decoder.decode({ bytes: sharedBytes(Buffer.concat(pieces)), final: false, truncated: false, ends });
  expect([batch.count, batch.end, batch.lines]).toEqual([values.length, end, 0]);
  return outcomes(batch);
}

describe("Records that a source has framed", () => {
  test("are text whatever is in them, empty ones too", () => {
    expect(frames(textFormat, ["a\nb", "", 'ü,"'])).toEqual([{ text: "a\nb" }, { text: "" }, { text: 'ü,"' }]);
    const latin = { options: { encoding: "latin1" } };
    expect(frames(textFormat, [Buffer.from([0xfc])], latin)).toEqual([{ text: "ü" }]);
  });

  test("are rejected one by one", () => {
    const columns = { text: { type: "int", nullable: false } } as const;
    expect(frames(textFormat, ["1", "x", "", Buffer.from([0xff]), "12345678901"], { columns })).toEqual([
      { text: 1 },
      expect.stringMatching(/^VALUE_INVALID: "text": expected a whole number .*, found "x"$/),
      'VALUE_NULL: "text": null in a column that is declared nullable: false',
      expect.stringContaining("ENCODING_INVALID"),
      expect.stringContaining("RECORD_TOO_LARGE"),
    ]);
    expect(frames(textFormat, [""], { columns: { text: { type: "int" } } })).toEqual([{ text: null }]);
  });

  test("are bytes of their own, by the name that the job gives them", () => {
    const [first] = frames(bytesFormat, [Buffer.from([1, 0xff])]) as [{ bytes: Uint8Array }];
    expect(first).toEqual({ bytes: Uint8Array.of(1, 0xff) });
    expect(first.bytes.constructor).toBe(Uint8Array);
    expect(frames(bytesFormat, ["a"], { rename: { bytes: "value" } })).toEqual([{ value: Uint8Array.of(97) }]);
    expect(frames(bytesFormat, ["a"], { select: [] })).toEqual([{}]);
  });

  test("bytes need their ends", () => {
    const decoder = bytesFormat.decoder({ format: "bytes", options: {}, columns: {}, maxRecordBytes: 10 });
    expect(() => decoder.decode({ bytes: sharedBytes("a"), final: true, truncated: false })).toThrow(
      expect.objectContaining({ code: "INVARIANT" }),
    );
  });
});

describe("The format text", () => {
  test("takes every line as it stands, blank ones and the last without an end too", () => {
    expect(lines('a,"b\r\n\r\n  # c \n\nlast')).toEqual(['a,"b', "", "  # c ", "", "last"]);
    expect(lines("")).toEqual([]);
    expect(lines("\uFEFFa\n")).toEqual(["a"]);
    expect(lines("a\rb\n")).toEqual(["a\rb"]);
  });

  test("reads the encoding that it is told", () => {
    expect(lines(Buffer.from("\xfc\x80\n", "latin1"), { encoding: "windows-1252" })).toEqual(["ü€"]);
    expect(lines(Buffer.from("ok\n\xfc\n", "latin1"))).toEqual([
      "ok",
      'ENCODING_INVALID: "text": the bytes are not valid UTF-8; set text.encoding to what the file is written in',
    ]);
  });

  test("rejects a line that is too long and goes on behind it", () => {
    expect(lines(`${"x".repeat(101)}\ny\n`)).toEqual([expect.stringContaining("RECORD_TOO_LARGE"), "y"]);
  });

  test("reads the field as its declared type", () => {
    expect(lines("1\n\n2\n", {}, { text: { type: "int" } })).toEqual([1, null, 2]);
  });

  test("writes its field and nothing else, without a line end", () => {
    const rows = new GrowingBytes(new SharedArrayBuffer(0));
    const encoder = textFormat.encoder(encodeSpec("text", null));
    encoder.encode({ text: "a\nb" }, noSource, rows);
    expect(rows.bytes.toString("utf8", 0, rows.length)).toBe("a\nb");
    for (const [output, code] of [
      [{ text: null }, "VALUE_NULL"],
      [{ text: "a", other: 1 }, "FIELD_UNKNOWN"],
      [{ text: "\ud800" }, "VALUE_INVALID"],
      ["a", "NOT_AN_OBJECT"],
    ] as const) {
      expect(() => encoder.encode(output, noSource, rows)).toThrow(expect.objectContaining({ code }));
    }
  });
});
