import { describe, expect, test } from "vitest";
import type { RecordBatch, SourceFields } from "../../../src/core/ports/format.ts";
import type { DataRecord } from "../../../src/core/record.ts";
import { decodeBatch, type DecodingOptions } from "../../support/csv-decoding.ts";

/** The first record, and what its fields were. */
function first(text: string | Uint8Array, options: DecodingOptions = {}): { record: DataRecord; source: SourceFields } {
  const batch = decodeBatch(text, options);
  return { record: recordOf(batch, 0), source: batch.current };
}

function recordOf(batch: RecordBatch, record: number): DataRecord {
  const read = batch.read(record);
  if (!("record" in read)) throw new TypeError(read.fault.message);
  return read.record as DataRecord;
}

/** The bytes of a field as text, with marks for quoted and escaped. */
function spanOf(source: SourceFields, index: number): string | undefined {
  const span = source.span(index);
  if (span === undefined) return undefined;
  const text = Buffer.from(source.bytes.subarray(span.begin, span.end)).toString();
  return `${text}${span.quoted ? " quoted" : ""}${span.escaped ? " escaped" : ""}`;
}

describe("SourceFields.span()", () => {
  test.each<[string, string | Uint8Array, (string | undefined)[], DecodingOptions?]>([
    ["is the text without its quotes", '1,"2 ""x""","ü"\r\n', ["1", '2 ""x"" quoted escaped', "ü quoted"]],
    ["is without trimmed blanks", ' 1 , "2" ,3\n', ["1", "2 quoted", "3"], { csv: { trim: "both" } }],
    ["is empty for an empty text, quoted or not", ',"",3\n', ["", " quoted", "3"]],
    [
      "is none for null and for a padded field",
      "NA,2\n",
      [undefined, "2", undefined],
      { csv: { nulls: ["NA"], ragged: "pad" } },
    ],
    ["is none for escapes of another kind", "'1''',2,'3'\n", [undefined, "2", "3 quoted"], { csv: { quote: "'" } }],
    [
      "is none for latin1 beyond ASCII",
      Buffer.from("1,\xfc,3\n", "latin1"),
      ["1", undefined, "3"],
      { csv: { encoding: "latin1" } },
    ],
    [
      "is none where the notation is the source's own",
      "01.05.2024,1e3,2024-05-01T10:00:00.123456Z\n",
      [undefined, "1e3", "2024-05-01T10:00:00.123456Z"],
      { columns: { a: { type: "date", formats: ["dd.MM.yyyy"] }, b: { type: "string" }, c: { type: "timestamp" } } },
    ],
  ])("%s", (_, text, expected, options = {}) => {
    const { source } = first(text, options);
    expect([0, 1, 2].map((index) => spanOf(source, index))).toEqual(expected);
  });
});

describe("SourceFields.isUntouched()", () => {
  const columns = {
    number: { type: "int" },
    text: { type: "string" },
    date: { type: "timestamp" },
    json: { type: "json" },
    bytes: { type: "bytes" },
  } as const;
  const fields = Object.keys(columns);
  const row = '-0,x,2024-05-01T10:00:00Z,"{""a"":[1,2]}",AQI=\n';
  const read = () => first(row, { columns, fields });
  const untouched = ({ record, source }: ReturnType<typeof read>) =>
    fields.filter((name) => source.isUntouched(source.indexOf(name), record[name]));

  test("is true for all that the record was read with", () => {
    expect(untouched(read())).toEqual(fields);
  });

  test.each<[string, (record: DataRecord) => void, string]>([
    ["another number", (record) => (record["number"] = 1), "number"],
    ["another text", (record) => (record["text"] = "y"), "text"],
    ["null", (record) => (record["text"] = null), "text"],
    ["another Date of the same time", (record) => (record["date"] = new Date(record["date"] as Date)), "date"],
    ["a Date changed in place", (record) => (record["date"] as Date).setFullYear(2000), "date"],
    ["JSON changed in place", (record) => (record["json"] as { a: number[] }).a.push(3), "json"],
    ["JSON that became a text", (record) => (record["json"] = '{"a":[1,2]}'), "json"],
    ["JSON that can no longer be written", (record) => ((record["json"] as { a: unknown }).a = 1n), "json"],
    ["bytes changed in place", (record) => ((record["bytes"] as Uint8Array)[0] = 9), "bytes"],
    ["bytes that became something else", (record) => (record["bytes"] = [1, 2]), "bytes"],
  ])("is false for %s", (_, change, name) => {
    const { record, source } = read();
    change(record);
    expect(untouched({ record, source })).toEqual(fields.filter((field) => field !== name));
  });

  test("is true for JSON that serialises alike, and for a text made anew", () => {
    const { record, source } = read();
    record["json"] = { a: [1, 2] };
    record["text"] = ["x"].join("");
    expect(untouched({ record, source })).toEqual(fields);
  });

  test("asks about the record that was read last", () => {
    const batch = decodeBatch("1,2,3\n4,5,6\n");
    recordOf(batch, 0);
    recordOf(batch, 1);
    expect([batch.current.isUntouched(0, "1"), batch.current.isUntouched(0, "4")]).toEqual([false, true]);
    recordOf(batch, 0);
    expect(batch.current.isUntouched(0, "1")).toBe(true);
  });
});

describe("SourceFields.isNull()", () => {
  test("is true for null marks, empty fields of typed columns and padded fields", () => {
    const options: DecodingOptions = { csv: { nulls: ["NA"], ragged: "pad" }, columns: { b: { type: "int" } } };
    const { source } = first("NA,\n", options);
    expect([0, 1, 2].map((index) => source.isNull(index))).toEqual([true, true, true]);
    expect([0, 1, 2].map((index) => source.isUntouched(index, null))).toEqual([true, true, true]);
  });

  test("is false for texts, quoted marks and the null of JSON, which has bytes", () => {
    const columns = { b: { type: "json" }, c: { type: "json" } } as const;
    const options: DecodingOptions = { csv: { nulls: ["NA"] }, columns };
    const { record, source } = first('"NA",null,"null"\n', options);
    expect(record).toEqual({ a: "NA", b: null, c: null });
    expect([0, 1, 2].map((index) => source.isNull(index))).toEqual([false, false, false]);
  });
});

test("SourceFields knows its names, and has no whole JSON value", () => {
  const { record, source } = first("1,2,3\n");
  expect([source.encoding, source.names, source.indexOf("c"), source.indexOf("d")]).toEqual([
    "csv",
    ["a", "b", "c"],
    2,
    -1,
  ]);
  expect(source.whole(record)).toBeUndefined();
});
