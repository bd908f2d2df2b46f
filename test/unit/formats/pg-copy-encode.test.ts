import { describe, expect, test } from "vitest";
import { pgCopyFormat } from "../../../src/formats/pg-copy/index.ts";
import { csvSource, decode, encodeAll, encodeOne, encodeSpec } from "./json-lines.ts";

const encoder = (types: Readonly<Record<string, string | undefined>>, ignoreUnknown = false) =>
  pgCopyFormat.encoder(
    encodeSpec(
      "pg-copy",
      Object.entries(types).map(([name, type]) => (type === undefined ? { name } : { name, type })),
      ignoreUnknown,
    ),
  );
/** One value into one column. */
const into = (type: string | undefined, value: unknown) => encodeOne(encoder({ c: type }), { c: value }).slice(0, -1);

describe("pgCopyFormat", () => {
  test("is read only where its source has framed it", () => {
    const spec = { format: "pg-copy", options: {}, columns: {}, maxRecordBytes: 1 };
    const bytes = new Uint8Array(1);
    expect(() => pgCopyFormat.splitter(spec).lastBorder(bytes, 0, 1)).toThrow(/framed by their source/);
    expect(() => pgCopyFormat.decoder(spec).decode({ bytes, final: true, truncated: false })).toThrow(
      /without their ends/,
    );
  });
});

describe("CopyTextEncoder", () => {
  test("writes fields between tabs in the columns' order, missing ones as null", () => {
    const row = encoder({ a: "int4", b: "text", c: "text" });
    expect(row.head).toHaveLength(0);
    expect(encodeOne(row, { c: "x", a: 1 })).toBe("1\t\\N\tx\n");
    expect(encodeOne(row, { a: null, b: undefined, c: "" })).toBe("\\N\t\\N\t\n");
  });

  test("refuses keys outside unless they are to be ignored, and outputs without fields", () => {
    expect(encodeOne(encoder({ a: "int4" }), { a: 1, b: 2 })).toContain(
      'FIELD_UNKNOWN: field "b" is no column of the sink',
    );
    expect(encodeOne(encoder({ a: "int4" }, true), { a: 1, b: 2 })).toBe("1\n");
    expect(encodeOne(encoder({ a: "int4" }), "a")).toContain("NOT_AN_OBJECT: the output is a string");
    expect(encodeOne(encoder({ a: "int4" }), new Date(0))).toContain("NOT_AN_OBJECT");
  });

  test("takes inherited properties for no columns", () => {
    expect(encodeOne(encoder({ constructor: "text", toString: "text" }), {})).toBe("\\N\t\\N\n");
    expect(encodeOne(encoder({ constructor: "text" }), { constructor: "x" })).toBe("x\n");
  });

  test.each([
    ["text", "a\tb\nc\rd\\e\bf\fg\v", String.raw`a\tb\nc\rd\\e\bf\fg\v`],
    ["text", String.raw`\N`, String.raw`\\N`],
    ["text", String.raw`\.`, String.raw`\\.`],
    ["text", "é€𝄞\u0001\u007f", "é€𝄞\u0001\u007f"],
    ["int4", 42, "42"],
    ["numeric", 0.1, "0.1"],
    ["numeric", "12.50", "12.50"],
    ["float8", Number.NaN, "NaN"],
    ["int8", 12345678901234567890n, "12345678901234567890"],
    ["bool", true, "true"],
    ["bool", false, "false"],
    ["timestamptz", new Date("2024-05-06T07:08:09.010Z"), "2024-05-06T07:08:09.010Z"],
    ["timestamp without time zone", new Date("2024-05-06T07:08:09.010Z"), "2024-05-06T07:08:09.010Z"],
    ["date", new Date("2024-05-06T23:08:09.010Z"), "2024-05-06"],
    ["date", new Date("-000043-03-15T00:00:00Z"), "0044-03-15 BC"],
    ["date", "2024-05-06", "2024-05-06"],
    ["bytea", new Uint8Array([0, 255]), String.raw`\\x00ff`],
    ["jsonb", { a: ["\n"], n: 1n }, String.raw`{"a":["\\n"],"n":1}`],
    ["json", [1, "a"], '[1,"a"]'],
    ["json", '{"a": 1}', '{"a": 1}'],
    ["jsonb", 5, "5"],
    ["jsonb", true, "true"],
    ["jsonb", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["text", { a: 1 }, '{"a":1}'],
    ["text", [1, 2], "[1,2]"],
    [undefined, "x", "x"],
    ["numeric(12,2)", { toJSON: () => "1.50" }, "1.50"],
  ])("%s takes case %#", (type, value, text) => expect(into(type, value)).toBe(text));

  test.each([
    ["_int4", [1, null, undefined, 3n], "{1,NULL,NULL,3}"],
    ["integer[]", [], "{}"],
    [
      "integer[]",
      [
        [1, 2],
        [3, 4],
      ],
      "{{1,2},{3,4}}",
    ],
    ["text[]", ["a", "", "NULL", 'b"c', String.raw`d\e`], String.raw`{"a","","NULL","b\\"c","d\\\\e"}`],
    ["character varying(20)[]", ["x"], '{"x"}'],
    ["_bool", [true, false], "{true,false}"],
    ["date[]", [new Date("2024-05-06T23:00:00Z")], '{"2024-05-06"}'],
    ["timestamptz[]", [new Date(0)], '{"1970-01-01T00:00:00.000Z"}'],
    ["bytea[]", [new Uint8Array([1])], String.raw`{"\\\\x01"}`],
    ["jsonb[]", [{ a: 1 }, [2], "3"], String.raw`{"{\\"a\\":1}","[2]","3"}`],
    ["text[]", "{a,b}", "{a,b}"],
  ])("%s takes case %# as an array literal", (type, value, text) => {
    expect(into(type, value)).toBe(text);
  });

  test.each([
    ["text", "a\0b", 'column "c": the text holds a NUL character'],
    ["text", "a\ud800", "half a surrogate pair"],
    ["text", { a: Number.NaN }, "NaN"],
    ["jsonb", Number.NaN, 'column "c": NaN has no JSON notation'],
    ["date", new Date(Number.NaN), "the Date is invalid"],
    ["text", Symbol("x"), "a symbol cannot be written"],
    ["text[]", ["a\0"], "NUL"],
  ])("%s refuses case %#", (type, value, told) => {
    expect(into(type, value)).toContain("VALUE_INVALID: ");
    expect(into(type, value)).toContain(told);
  });

  test("refuses an array inside itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(into("int4[]", loop)).toContain("at most 6 dimensions");
  });

  test("writes texts of any length", () => {
    const text = "0123456789\t".repeat(1_000);
    expect(into("text", text)).toBe(text.replaceAll("\t", String.raw`\t`));
  });
});

describe("CSV to COPY", () => {
  const at = new Date("2024-05-06T05:08:09.123Z");

  function copy(type: string, field: Omit<Parameters<typeof csvSource>[0][number], "name">) {
    return encodeOne(encoder({ c: type }), { c: field.value }, csvSource([{ name: "c", ...field }])).slice(0, -1);
  }

  test("copies untouched fields from their bytes", () => {
    expect(copy("numeric", { text: "0.10", value: "0.10" })).toBe("0.10");
    expect(copy("int8", { text: "12345678901234567890", value: 12345678901234567890n })).toBe("12345678901234567890");
    expect(copy("float8", { text: "1.50", value: 1.5 })).toBe("1.50");
    expect(copy("bool", { text: "true", value: true })).toBe("true");
    expect(copy("text", { text: "a\\b\té", value: "a\\b\té" })).toBe(String.raw`a\\b\té`);
    expect(copy("text", { text: 'say ""hi""\n', value: 'say "hi"\n', escaped: true, quoted: true })).toBe(
      'say "hi"\\n',
    );
    const value = { a: 1 };
    expect(copy("jsonb", { text: '{""a"": 1.0}', value, escaped: true, quoted: true })).toBe('{"a": 1.0}');
  });

  test("writes an unquoted empty field into a column that is not text as NULL", () => {
    expect(copy("int4", { text: "", value: "" })).toBe(String.raw`\N`);
    expect(copy("timestamptz", { text: "", value: "" })).toBe(String.raw`\N`);
    expect(copy("text[]", { text: "", value: "" })).toBe(String.raw`\N`);
    expect(copy("character varying(10)", { text: "", value: "" })).toBe("");
    expect(copy("int4", { text: "", value: "", quoted: true })).toBe("");
  });

  test("keeps the microseconds of an untouched timestamp, and moves it out of a zone that Postgres would drop", () => {
    const text = "2024-05-06T07:08:09.123456+02:00";
    expect(copy("timestamptz", { text, value: at })).toBe(text);
    expect(copy("text", { text, value: at })).toBe(text);
    expect(copy("timestamp", { text, value: at })).toBe("2024-05-06T05:08:09.123456Z");
    expect(copy("timestamp", { text: "2024-05-06T07:08:09+02:00", value: at })).toBe("2024-05-06T05:08:09.123Z");
    const zero = "2024-05-06 05:08:09.123456+00";
    expect(copy("timestamp", { text: zero, value: at })).toBe(zero);
    const local = "2024-05-06 05:08:09.123456";
    expect(copy("timestamp", { text: local, value: at })).toBe(local);
    expect(copy("timestamptz", { text: local, value: at })).toBe(`${local}Z`);
    expect(copy("text", { text: local, value: at })).toBe(local);
    expect(copy("timestamp", { text: "2024-05-06T05:08:09.123456Z", value: at })).toBe("2024-05-06T05:08:09.123456Z");
    expect(copy("date", { text, value: at })).toBe("2024-05-06");
    expect(copy("jsonb", { text, value: at })).toBe('"2024-05-06T05:08:09.123Z"');
  });

  test("writes fields whose text is not plain from their value", () => {
    expect(copy("bool", { text: "yes", value: true, plain: false })).toBe("true");
    expect(encodeOne(encoder({ c: "text" }), { c: "new" }, csvSource([{ name: "c", text: "old", value: "old" }]))).toBe(
      "new\n",
    );
  });

  test("refuses a NUL in untouched bytes", () => {
    expect(copy("text", { text: "a\0", value: "a\0" })).toContain("VALUE_INVALID");
  });

  test("goes on from one source to another with other fields", () => {
    const row = encoder({ a: "text", b: "text" });
    const one = csvSource([
      { name: "a", text: "1", value: "1" },
      { name: "b", text: "2", value: "2" },
    ]);
    const other = csvSource([
      { name: "b", text: "4", value: "4" },
      { name: "a", text: "3", value: "3" },
    ]);
    expect(encodeOne(row, { a: "1", b: "2" }, one)).toBe("1\t2\n");
    expect(encodeOne(row, { a: "3", b: "4" }, other)).toBe("3\t4\n");
  });
});

describe("JSON lines to COPY", () => {
  const copy = (line: string, type: string, columns = {}) =>
    encodeAll(decode(line, { columns }), encoder({ c: type })).slice(0, -1);

  test("copies untouched fields from their bytes", () => {
    expect(copy('{"c": 12345678901234567890}', "numeric")).toBe("12345678901234567890");
    expect(copy('{"c":1.50}', "numeric")).toBe("1.50");
    expect(copy('{"c":"plain é"}', "text")).toBe("plain é");
    expect(copy(String.raw`{"c":"a\tb\\\u0041"}`, "text")).toBe(String.raw`a\tb\\A`);
    expect(copy(String.raw`{"c":{"k": ["\n", 1.0]}}`, "jsonb")).toBe(String.raw`{"k": ["\\n", 1.0]}`);
    expect(copy('{"c":true}', "bool")).toBe("true");
    expect(copy('{"c":null}', "text")).toBe(String.raw`\N`);
    expect(copy('{"c":""}', "int4")).toBe("");
  });

  test("writes a whole number into an integer column without the point that Postgres refuses there", () => {
    expect(copy('{"c":5.0}', "integer")).toBe("5");
    expect(copy('{"c":12345678901234567890}', "bigint")).toBe("12345678901234567890");
  });

  test("writes arrays into array columns as literals", () => {
    expect(copy('{"c":[1,2]}', "int4[]")).toBe("{1,2}");
    expect(copy('{"c":[1, 2]}', "jsonb")).toBe("[1, 2]");
  });

  test("keeps the digits of decimals and the microseconds of timestamps", () => {
    expect(copy('{"c":0.10}', "numeric", { c: { type: "decimal" } })).toBe("0.10");
    const text = "2024-05-06T07:08:09.123456Z";
    expect(copy(`{"c":"${text}"}`, "timestamptz", { c: { type: "timestamp" } })).toBe(text);
  });

  test("refuses an escaped NUL and half a surrogate pair", () => {
    expect(copy(String.raw`{"c":"\u0000"}`, "text")).toContain('VALUE_INVALID: column "c"');
    expect(copy(String.raw`{"c":"\ud800"}`, "text")).toContain("VALUE_INVALID");
  });
});
