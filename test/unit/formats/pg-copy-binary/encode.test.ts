import { describe, expect, test } from "vitest";
import { CopyBinaryEncoder } from "../../../../src/formats/pg-copy/binary/encode-binary.ts";
import { TextStretch } from "../../../../src/formats/pg-copy/binary/text-stretch.ts";
import { pgCopyBinaryFormat } from "../../../../src/formats/pg-copy/index.ts";
import { GrowingBytes } from "../../../../src/formats/growing-bytes.ts";
import { encodeSpec, noSource } from "../json-lines.ts";

function encoderOf(types: Readonly<Record<string, string>>, stretch?: TextStretch): CopyBinaryEncoder {
  const columns = Object.entries(types).map(([name, type]) => ({ name, type }));
  return new CopyBinaryEncoder(encodeSpec("pg-copy-binary", columns), stretch);
}

/** Digits without the blanks that make them readable. */
const hex = (digits: string): string => digits.replaceAll(" ", "");

/** The row of an output as hexadecimal digits, or as it stands when it is text. */
function rowOf(encoder: CopyBinaryEncoder, output: object, to = new GrowingBytes(new SharedArrayBuffer(0))): string {
  const begin = to.length;
  encoder.encode(output, noSource, to);
  return to.bytes.toString(encoder.form === 0 ? "hex" : "utf8", begin, to.length);
}

/** The bytes of one value, without the number of fields and its length. */
const into = (type: string, value: unknown): string => {
  const row = rowOf(encoderOf({ c: type }), { c: value });
  return row.startsWith("0001") ? row.slice(12) : `text ${row.trimEnd()}`;
};

describe("CopyBinaryEncoder", () => {
  test("writes the number of fields, then each with its length, null with none", () => {
    const encoder = encoderOf({ a: "integer", b: "text", c: "boolean" });
    expect(encoder.head).toHaveLength(0);
    expect(rowOf(encoder, { a: 1, b: "xy", c: null })).toBe(hex("0003 0000000400000001 000000027879 ffffffff"));
    expect(rowOf(encoder, { b: "" })).toBe(hex("0003 ffffffff 00000000 ffffffff"));
  });

  test.each([
    ["smallint", -2, "fffe"],
    ["bigint", -2, "fffffffffffffffe"],
    ["bigint", 9_007_199_254_740_991, "001fffffffffffff"],
    ["bigint", 2n ** 62n, "4000000000000000"],
    ["oid", 4_294_967_295, "ffffffff"],
    ["real", 1.5, "3fc00000"],
    ["double precision", -0.5, "bfe0000000000000"],
    ["boolean", "Yes", "01"],
    ["numeric", "12345.6700", "0003 0001 0000 0004 0001 0929 1a2c"],
    ["numeric(12,2)", -70_000, "0002 0001 4000 0000 0007 0000"],
    ["numeric", "-.00001", "0002 ffff 4000 0005 0000 03e8"],
    ["numeric", "1.5e3", "0001 0000 0000 0000 05dc"],
    ["numeric", "NaN", "00000000c0000000"],
    ["date", "2000-01-02", "00000001"],
    ["date", new Date("1999-12-31T23:00:00Z"), "ffffffff"],
    ["timestamp with time zone", "2000-01-01 01:00:00.000001+01", "0000000000000001"],
    ["timestamp(3) without time zone", new Date("1999-12-31T23:59:59.999Z"), "fffffffffffffc18"],
    ["time without time zone", "00:00:01", "00000000000f4240"],
    ["uuid", "00112233-4455-6677-8899-aAbBcCdDeEfF", "00112233445566778899aabbccddeeff"],
    ["bytea", new Uint8Array([1, 255]), "01ff"],
    ["bytea", String.raw`\x00ff01`, "00ff01"],
    ["jsonb", { a: 1 }, `01${Buffer.from('{"a":1}').toString("hex")}`],
    ["enum", "sad", "736164"],
    ["text", "é\u{1d11e}", "c3a9f09d849e"],
  ])("%s takes case %#", (type, value, bytes) => expect(into(type, value)).toBe(hex(bytes)));

  test("writes arrays with their dimensions, and whether there are nulls", () => {
    const one = hex("00000004 00000001");
    const flat = hex("00000001 00000001 00000017 00000002 00000001");
    expect(into("integer[]", [1, null])).toBe(`${flat + one}ffffffff`);
    const deep = hex("00000002 00000000 00000017 00000002 00000001 00000001 00000001");
    expect(into("_int4", [["1"], [1]])).toBe(deep + one + one);
    expect(into("integer[]", [])).toBe(hex("00000000 00000000 00000017"));
    expect(into("integer[]", [[1], [2, 3]])).toBe("text {{1},{2,3}}");
    expect(into("integer[]", "{1}")).toBe("text {1}");
  });

  test.each([
    ["integer", "0x1F"],
    ["integer", "2147483648"],
    ["oid", "017"],
    ["real", "1e39"],
    ["double precision", "1e-400"],
    ["date", "March 3, 2024"],
    ["date", "2024-02-30"],
    ["timestamp with time zone", "2024-05-01 10:00:00"],
    ["uuid", "{00112233-4455-6677-8899-aabbccddeeff}"],
    ["name", "x".repeat(64)],
  ])("leaves to the server what it may read otherwise: %s of case %#", (type, text) => {
    expect(into(type, text)).toBe(`text ${text}`);
  });

  test("takes a row back from its first field on when a later one needs text", () => {
    const encoder = encoderOf({ a: "integer", b: "date" }, new TextStretch(0));
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    const day = hex("0002 0000000400000001 0000000400000000");
    expect(rowOf(encoder, { a: 1, b: "2000-01-01" }, to)).toBe(day);
    expect(rowOf(encoder, { a: 1, b: "today" }, to)).toBe("1\ttoday\n");
    expect(encoder.form).toBe(1);
    expect(rowOf(encoder, { a: 1, b: "2000-01-01" }, to)).toBe(day);
    expect(encoder.form).toBe(0);
  });

  test("stays with text for a while after a row that needed it", () => {
    const encoder = encoderOf({ a: "date" }, new TextStretch(2));
    const forms = ["2000-01-01", "today", "2000-01-01", "2000-01-01", "2000-01-01"].map((a) => {
      rowOf(encoder, { a });
      return encoder.form;
    });
    expect(forms).toEqual([0, 1, 1, 1, 0]);
  });

  test("refuses what COPY text refuses, in the same words", () => {
    expect(() => into("text", "a\0b")).toThrow('column "c": the text holds a NUL character or half a surrogate pair');
    expect(() => into("integer", Symbol.iterator)).toThrow('column "c": a symbol cannot be written');
    expect(() => into("date", new Date(Number.NaN))).toThrow("the Date is invalid");
    expect(() => into("integer", undefined)).not.toThrow();
    expect(() => rowOf(encoderOf({ a: "integer" }), { b: 1 })).toThrow('field "b" is no column of the sink');
  });

  test("writes all rows as text where a column has a type that it does not know", () => {
    const encoder = encoderOf({ a: "integer", b: "interval" });
    expect(rowOf(encoder, { a: 1, b: "1 day" })).toBe("1\t1 day\n");
  });
});

describe("pgCopyBinaryFormat.writes()", () => {
  test.each([
    "integer",
    "int4",
    "numeric(12,2)",
    "character varying(20)[]",
    "timestamp(3) with time zone",
    '"char"',
    "_uuid",
    "enum",
  ])("is true for %s", (type) => expect(pgCopyBinaryFormat.writes?.(type)).toBe(true));

  test.each([
    "interval",
    "citext",
    "mood",
    "enum[]",
    "_enum",
    "money",
    "int4range",
    "Text",
    "text[][]",
    "public.text",
    "",
  ])("is false for %s", (type) => expect(pgCopyBinaryFormat.writes?.(type)).toBe(false));
});
