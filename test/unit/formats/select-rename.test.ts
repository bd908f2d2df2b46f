import { describe, expect, test } from "vitest";
import { assertFieldsThere } from "../../../src/core/field-names.ts";
import type { DecodeSpec, Format } from "../../../src/core/ports/format.ts";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { outcomes, sharedBytes } from "../../support/csv-decoding.ts";
import { encodeAll, encodeSpec } from "./json-lines.ts";

type Spec = Partial<DecodeSpec>;

function batchOf(format: Format, text: string, spec: Spec) {
  const decoder = format.decoder({ format: format.name, options: {}, columns: {}, maxRecordBytes: 1_000, ...spec });
  return decoder.decode({ bytes: sharedBytes(text), final: true, truncated: false, fields: ["a", "b", "c"] });
}

const csv = (text: string, spec: Spec) => outcomes(batchOf(csvFormat, text, spec));
const jsonl = (text: string, spec: Spec) => outcomes(batchOf(jsonLinesFormat, text, spec));

describe("select and rename of CSV", () => {
  test("give the fields in the order of select under their new names", () => {
    const [record] = csv("1,2,3\n", { select: ["c", "a"], rename: { a: "first" } });
    expect(Object.entries(record as object)).toEqual([
      ["c", "3"],
      ["first", "1"],
    ]);
    expect(csv("1,2,3\n", { rename: { b: "a2", c: "b" } })).toEqual([{ a: "1", a2: "2", b: "3" }]);
  });

  test("do not look at a field that is left out, and call a bad one what the file calls it", () => {
    const columns = { a: { type: "int" }, b: { type: "int" } } as const;
    expect(csv("x,2,\xff\n", { select: ["b"], columns, rename: { b: "n" } })).toEqual([{ n: 2 }]);
    expect(csv("1,x,3\n", { select: ["b"], columns, rename: { b: "n" } })).toEqual([
      expect.stringMatching(/^VALUE_INVALID: "b": expected a whole number .*, found "x"$/),
    ]);
  });

  test("count the fields of the header, whatever is left of them, and pad with null", () => {
    const spec = { select: ["c", "b"] };
    expect(csv("1,2\n1,2,3,4\n1,2,3\n", spec)).toEqual([
      expect.stringContaining("CSV_FIELD_COUNT: 2 fields where the header has 3"),
      expect.stringContaining("CSV_FIELD_COUNT: 4 fields"),
      { c: "3", b: "2" },
    ]);
    expect(csv("1\n1,2\n,,\n4,5,6\n", { ...spec, options: { ragged: "pad" } })).toEqual([
      { c: null, b: null },
      { c: null, b: "2" },
      { c: "", b: "" },
      { c: "6", b: "5" },
    ]);
  });

  test("leave an untouched field its bytes", () => {
    const columns = { a: { type: "decimal" }, c: { type: "float" } } as const;
    const batch = batchOf(csvFormat, '1.50,"q ""x""",2.0\n', {
      select: ["c", "b", "a"],
      rename: { a: "sum" },
      columns,
    });
    const encoder = jsonLinesFormat.encoder(encodeSpec("jsonl", null));
    expect(encodeAll(batch, encoder, (record: object) => ({ ...record }))).toBe(
      '{"c":2.0,"b":"q \\"x\\"","sum":"1.50"}\n',
    );
  });
});

describe("select and rename of JSON lines", () => {
  test("give the fields in the order of select; what is missing stays missing", () => {
    const [record] = jsonl('{"a":1,"b":2,"c":3}\n', { select: ["c", "z", "a"], rename: { a: "first", z: "zz" } });
    expect(Object.entries(record as object)).toEqual([
      ["c", 3],
      ["first", 1],
    ]);
  });

  test("leave an untouched field its bytes, converted or not, and never pass the line on whole", () => {
    const columns = { a: { type: "bigint" }, t: { type: "timestamp" } } as const;
    const line = '{"t":"2026-01-01T00:00:00.123456Z","x":1.10,"a":12345678901234567890,"\\u0062":"\\u00fc"}\n';
    const batch = batchOf(jsonLinesFormat, line + line, { select: ["b", "x", "a", "t"], rename: { a: "n" }, columns });
    const encoder = jsonLinesFormat.encoder(encodeSpec("jsonl", null));
    const out = '{"b":"\\u00fc","x":1.10,"n":12345678901234567890,"t":"2026-01-01T00:00:00.123456Z"}\n';
    expect(encodeAll(batch, encoder)).toBe(out + out);
  });

  test("refuse what has no fields, and two fields of one name", () => {
    expect(jsonl('7\n{"a":1,"b":2}\n', { rename: { a: "b" } })).toEqual([
      expect.stringContaining("NOT_AN_OBJECT: the record is a number"),
      expect.stringContaining('VALUE_INVALID: two fields are called "b" behind rename'),
    ]);
  });

  test("take names that every object inherits", () => {
    const [record] = jsonl('{"__proto__":1,"a":2}\n', { select: ["__proto__", "constructor"], rename: { a: "x" } });
    expect(Object.entries(record as object)).toEqual([["__proto__", 1]]);
  });
});

describe("assertFieldsThere()", () => {
  const check = (spec: Spec) => () => assertFieldsThere("in.csv", ["id", "Order ID"], { columns: {}, ...spec });

  test.each<[Spec, string, string]>([
    [
      { columns: { ib: { type: "int" } } },
      "COLUMN_UNKNOWN",
      "columns.ib: the header of in.csv has no such column\n  did you mean id?",
    ],
    [{ select: ["Id", "id"] }, "COLUMN_UNKNOWN", "select: the header of in.csv has no column Id\n  did you mean id?"],
    [
      { rename: { total: "x" } },
      "COLUMN_UNKNOWN",
      "rename.total: the header of in.csv has no such column\n  the header has id, Order ID",
    ],
    [
      { rename: { "Order ID": "id" } },
      "HEADER_INVALID",
      "rename.Order ID: the header of in.csv has a column id already\n  choose another name, or leave that column out with select",
    ],
  ])("%j", (spec, code, message) => {
    expect(check(spec)).toThrow(expect.objectContaining({ code, message }));
  });

  test("lets names be swapped, and taken from a column that is left out", () => {
    expect(check({ rename: { id: "Order ID", "Order ID": "id" } })).not.toThrow();
    expect(check({ select: ["Order ID"], rename: { "Order ID": "id" } })).not.toThrow();
  });
});
