import { describe, expect, test } from "vitest";
import type { EncodeSpec, SourceFields } from "../../../src/core/ports/format.ts";
import type { DataRecord } from "../../../src/core/record.ts";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../../src/formats/csv/options.ts";
import { GrowingBytes } from "../../../src/formats/growing-bytes.ts";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { decodeBatch, type DecodingOptions, sharedBytes } from "../../support/csv-decoding.ts";

const specOf = (names: readonly string[] | null, options: CsvOptions = {}): EncodeSpec => ({
  sink: "out",
  format: "csv",
  options,
  columns: names?.map((name) => ({ name })) ?? null,
  needsColumns: true,
  onUnknownField: "error",
});

const noSource: SourceFields = decodeBatch("", { fields: [] }).current;

/** The row of a record with its own keys as columns, without the line feed. */
function row(record: DataRecord, options: CsvOptions = {}, source = noSource): string {
  const encoder = csvFormat.encoder(specOf(Object.keys(record), options));
  const to = new GrowingBytes(new SharedArrayBuffer(1));
  encoder.encode(record, source, to);
  return to.bytes.toString("utf8", 0, to.length).replace(/\n$/, "");
}

describe("CSV values", () => {
  test.each<[string, unknown, string, CsvOptions?]>([
    ["plain text is bare", "a b", "a b"],
    ["null is nothing", null, ""],
    ["undefined is nothing", undefined, ""],
    ["an empty text is a pair of quotes", "", '""'],
    ["a delimiter is quoted", "a,b", '"a,b"'],
    ["another delimiter is not", "a;b", "a;b"],
    ["a set delimiter is quoted", "a;b", '"a;b"', { delimiter: ";" }],
    ["quotes are quoted and doubled", 'a"b"', '"a""b"""'],
    ["a line feed is quoted", "a\nb", '"a\nb"'],
    ["a carriage return is quoted", "a\r", '"a\r"'],
    ["blanks around are quoted", " a", '" a"'],
    ["blanks behind are quoted", "a\t", '"a\t"'],
    ["a null mark is quoted", "NA", '"NA"', { nulls: ["NA"] }],
    ["set quotes are used", "it's", "'it''s'", { quote: "'" }],
    ["a set escape is used and escaped", 'a"\\', '"a\\"\\\\"', { escape: "\\" }],
    ["an escape alone is bare", "a\\b", "a\\b", { escape: "\\" }],
    ["text beyond ASCII is UTF-8", "ü€😀", "ü€😀"],
    ["long text is written whole", "x".repeat(500), "x".repeat(500)],
    ["NUL is data", "\0", "\0"],
    ["numbers are their shortest text", 0.1, "0.1"],
    ["bigints are digits", 12345678901234567890n, "12345678901234567890"],
    ["booleans are words", true, "true"],
    ["a Date is ISO 8601", new Date("2024-05-01T10:00:00Z"), "2024-05-01T10:00:00.000Z"],
    ["an object is JSON", { a: [1, "x"] }, '"{""a"":[1,""x""]}"'],
    ["bytes are base64", new Uint8Array([1, 2]), "AQI="],
  ])("%s", (_, value, expected, options = {}) => {
    expect(row({ first: 1, value, last: 2 }, options)).toBe(["1", expected, "2"].join(options.delimiter ?? ","));
  });

  test.each<[string, unknown, string, CsvOptions?]>([
    ["a comment mark is quoted where a row begins", "#a", '"#a",#a', { comment: "#" }],
    ["a byte order mark is quoted where a row begins", "\uFEFFa", '"\uFEFFa",\uFEFFa'],
    ["half of its first byte is not", "ﻀ", "ﻀ,ﻀ"],
  ])("%s", (_, value, expected, options = {}) => {
    expect(row({ value, last: value }, options)).toBe(expected);
  });

  test("a row of one column is never a blank line", () => {
    expect([row({ only: null }), row({ only: "" }), row({ only: "a" })]).toEqual(['""', '""', "a"]);
  });
});

describe("without quotes", () => {
  const bare = { quote: null } as const;
  test("text is written as it is, and an empty one is nothing", () => {
    expect(row({ a: ' "x" ', b: "", c: null }, bare)).toBe(' "x" ,,');
  });

  test.each([["a,b"], ["a\nb"], ["a\rb"], ["NA"]])("%j cannot be written", (value) => {
    expect(() => row({ a: value, b: 1 }, { ...bare, nulls: ["NA"] })).toThrow(
      expect.objectContaining({ code: "VALUE_INVALID" }),
    );
  });

  test("a blank line cannot be written", () => {
    expect(() => row({ a: null }, bare)).toThrow(/would be a blank line, and csv.quote is null/);
  });
});

describe("CSV outputs that are refused", () => {
  const encode = (output: unknown, names = ["a"]) => {
    const to = new GrowingBytes(new SharedArrayBuffer(1));
    csvFormat.encoder(specOf(names)).encode(output, noSource, to);
    return to.bytes.toString("utf8", 0, to.length);
  };

  test.each<[string, unknown, string]>([
    ["no object", "text", "NOT_AN_OBJECT"],
    ["a field that is no column", { a: 1, b: 2 }, "FIELD_UNKNOWN"],
    ["half a surrogate pair", { a: "\uD83D" }, "VALUE_INVALID"],
    ["an invalid Date", { a: new Date(Number.NaN) }, "VALUE_INVALID"],
    ["a function", { a: () => 1 }, "VALUE_INVALID"],
  ])("%s", (_, output, code) => {
    expect(() => encode(output)).toThrow(expect.objectContaining({ code, fault: "record" }));
  });

  test("a missing field is null, in the order of the columns", () => {
    expect(encode({ c: 3, a: 1 }, ["a", "b", "c"])).toBe("1,,3\n");
  });
});

describe("the head", () => {
  const head = (names: readonly string[] | null, options: CsvOptions = {}) =>
    Buffer.from(csvFormat.encoder(specOf(names, options)).head).toString();

  test("is a line of the column names, quoted like values", () => {
    expect(head(["id", "a,b", 'c"d', ""])).toBe('id,"a,b","c""d",""\n');
    expect(head(["id"], { header: true })).toBe("id\n");
  });

  test("is nothing with header: false, and other names when they are listed", () => {
    expect(head(["id"], { header: false })).toBe("");
    expect(head(["id", "x"], { header: ["Order ID", "X"], delimiter: ";" })).toBe("Order ID;X\n");
    expect(() => head(["id"], { header: ["a", "b"] })).toThrow(/csv.header: it lists 2 names for 1 columns \(id\)/);
  });

  test("needs columns", () => {
    expect(() => head(null)).toThrow(expect.objectContaining({ code: "INVARIANT" }));
  });
});

describe("untouched fields of CSV", () => {
  /** Reads one row and writes it again. */
  const pass = (text: string | Uint8Array, decoding: DecodingOptions = {}, options: CsvOptions = {}) => {
    const batch = decodeBatch(text, decoding);
    const read = batch.read(0);
    if (!("record" in read)) throw new TypeError(read.fault.message);
    return row(read.record as DataRecord, options, batch.current);
  };

  test.each<[string, string | Uint8Array, string, DecodingOptions?, CsvOptions?]>([
    ["are copied", "1,b,ü\n", "1,b,ü"],
    ["lose quotes they do not need", '"1","b c","ü"\n', "1,b c,ü"],
    ["keep quotes they need", '"1,""x""","b\nc"," d"\n', '"1,""x""","b\nc"," d"'],
    ["stay quoted and empty, or bare and empty", '"",,3\n', '"",,3'],
    ["are null where they were", "NA,,3\n", ",,3", { csv: { nulls: ["NA"], emptyAsNull: true } }],
    ["are quoted for the sink's dialect", "1;2,3;NA\n", '1,"2,3","NA"', { csv: { delimiter: ";" } }, { nulls: ["NA"] }],
    [
      "find room for their quotes",
      `"${'""'.repeat(2048)}",b,c\n`,
      `"${'""'.repeat(2048)}",b,c`,
      { maxRecordBytes: 5000 },
    ],
    ["change their quotes", `"a""'",'b',c\n`, `'a"''','''b''',c`, {}, { quote: "'" }],
    ["change their escapes", "'a''',b,c\n", "a',b,c", { csv: { quote: "'" } }],
    ["become UTF-8", Buffer.from("\xfc,b,c\n", "latin1"), "ü,b,c", { csv: { encoding: "latin1" } }],
    [
      "keep digits that a number or Date would lose",
      "1.50,2024-05-01T10:00:00.123456Z,3\n",
      "1.50,2024-05-01T10:00:00.123456Z,3",
      { columns: { a: { type: "decimal" }, b: { type: "timestamp" } } },
    ],
    [
      "keep the digits of numbers in JSON",
      '"{""n"":12345678901234567890}",b,c\n',
      '"{""n"":12345678901234567890}",b,c',
      { columns: { a: { type: "json" } } },
    ],
  ])("%s", (_, text, expected, decoding = {}, options = {}) => {
    expect(pass(text, decoding, options)).toBe(expected);
  });

  test("that are empty and alone are no blank line", () => {
    expect(pass("\n", { fields: ["a"], csv: { blankLines: "record" } })).toBe('""');
  });
});

test("untouched fields of JSON lines become CSV text", () => {
  const spec = { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 1000 };
  const line =
    '{"big":12345678901234567890,"text":"a,b","escaped":"q\\"","empty":"","none":null,"list":[1, "x\\n"],"yes":true}';
  const batch = jsonLinesFormat
    .decoder(spec)
    .decode({ bytes: sharedBytes(`${line}\n`), final: true, truncated: false });
  const read = batch.read(0);
  if (!("record" in read)) throw new TypeError(read.fault.message);
  expect(row(read.record as DataRecord, {}, batch.current)).toBe(
    '12345678901234567890,"a,b","q""","",,"[1, ""x\\n""]",true',
  );
});
