import { describe, expect, test } from "vitest";
import type { RecordBatch } from "../../../src/core/ports/format.ts";
import type { Columns } from "../../../src/core/record.ts";
import { jsonFormat } from "../../../src/formats/json/index.ts";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { outcomes, sharedBytes } from "../../support/csv-decoding.ts";
import { encodeAll, encodeSpec } from "./json-lines.ts";

interface Reading {
  readonly columns?: Columns;
  readonly maxRecordBytes?: number;
}

function batchOf(text: string, { columns = {}, maxRecordBytes = 10_000 }: Reading = {}): RecordBatch {
  const spec = { format: "json", options: {}, columns, maxRecordBytes };
  const bytes = sharedBytes(text);
  const header = jsonFormat.readHeader(bytes, true, spec);
  return jsonFormat.decoder(spec).decode({ bytes: bytes.subarray(header?.dataOffset), final: true, truncated: false });
}

const read = (text: string, reading?: Reading): unknown[] => outcomes(batchOf(text, reading));

describe("A JSON array", () => {
  test.each<[string, readonly unknown[]]>([
    ["[]", []],
    [" [ \n ] \n", []],
    ["\uFEFF[1]", [1]],
    ['[1,"a",null,true,[],{},[[1]]]', [1, "a", null, true, [], {}, [[1]]]],
    ['[{"a":"]},[{\\""},{"b":"\\\\"}]', [{ a: ']},[{"' }, { b: "\\" }]],
    ["[1,2,]", [1, 2]],
  ])("%s", (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each<[string, string, readonly unknown[]]>([
    ["a word that is none", '[{"a":tru},2]', ['JSON_INVALID: the record is not JSON: unexpected "t" at column 6', 2]],
    ["nothing between commas", "[1,,2]", [1, "JSON_INVALID: nothing stands where a JSON value was expected", 2]],
    ["a missing comma", '[{"a":1} {"b":2},3]', ['JSON_INVALID: the record is not JSON: unexpected "{" at column 9', 3]],
    [
      "a value that nests too deep",
      `[${"[".repeat(1_001)}${"]".repeat(1_001)},1]`,
      ["JSON_TOO_DEEP: arrays and objects nest deeper than 1000 levels", 1],
    ],
    [
      "a missing quote, in a line of its own",
      '[\n{"a":"x},\n{"b":2}\n]',
      [expect.stringContaining("JSON_INVALID: the record is no complete JSON"), { b: 2 }],
    ],
    [
      "a missing quote, indented",
      '[\n  {\n    "a": "x,\n    "b": [1]\n  },\n  {\n    "c": 2\n  }\n]',
      [expect.stringContaining("JSON_INVALID"), { c: 2 }],
    ],
    ["a bracket of the wrong kind", "[\n[1,{2],\n[3]\n]", [expect.stringContaining("JSON_INVALID"), [3]]],
    [
      "a missing brace, which takes the next element with it",
      '[\n{"a":1,\n{"b":2},\n{"c":3}\n]',
      [expect.stringContaining("JSON_INVALID"), { c: 3 }],
    ],
    ["a broken element at the end", '[\n{"a":1},\n{"b":"x}\n]\n', [{ a: 1 }, expect.stringContaining("JSON_INVALID")]],
  ])("is one reject for %s", (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test.each<[string, string, string, number]>([
    [
      "something behind the bracket",
      "[1]\n[2]",
      "something follows the closing bracket, so this is no single array",
      3,
    ],
    ["a missing bracket", '[1,{"a":2}', "the file ends before the array is closed: it may be cut", 9],
    ["a comma at the end", "[1,", "the file ends before the array is closed", 2],
    ["a string that never ends", '[1,"x,2]', "the file ends before the array is closed", 7],
    [
      "a brace too many",
      '[{"a":1}},{"b":2}]',
      "the element is broken (a quote or a bracket is missing, or one too many)",
      7,
    ],
    ["a missing brace in one line", '[{"a":1,{"b":2}]', "the element is broken", 7],
    [
      "an element that is too long",
      `[1, "${"x".repeat(100)}"]`,
      "no comma or closing bracket ends this element within maxRecordBytes (90 bytes)",
      3,
    ],
  ])("stops the run at %s", (_, text, message, offset) => {
    expect(() => batchOf(text, { maxRecordBytes: 90 })).toThrow(
      expect.objectContaining({
        code: "SOURCE_FAILED",
        message: expect.stringContaining(message),
        details: { offset },
      }),
    );
  });

  test.each<[string, string | Buffer, string]>([
    [
      "JSON lines",
      '{"a":1}\n',
      'it begins with "{", and a JSON array was expected: [; for one JSON value a line set source.format to jsonl',
    ],
    ["an empty file", "", "it is empty, and a JSON array was expected: an array without elements is []"],
    ["a bracket alone", " [", "the file ends behind the opening bracket"],
    ["UTF-16", Buffer.from("\uFEFF[1]", "utf16le"), "it does not begin with a JSON array in UTF-8: convert it first"],
  ])("is not begun by %s", (_, text, message) => {
    const spec = { format: "json", options: {}, columns: {}, maxRecordBytes: 10 };
    expect(() => jsonFormat.readHeader(Buffer.from(text), true, spec)).toThrow(
      expect.objectContaining({ code: "HEADER_INVALID", message: expect.stringContaining(message) }),
    );
  });

  test("has places: begin and end without blanks, line", () => {
    const batch = batchOf('[\n  1,\n\n {"a":\n2} ,\n3\n]');
    const places = [0, 1, 2].map((record) => [batch.start(record), batch.stop(record), batch.line(record)]);
    expect(places).toEqual([
      [3, 4, 1],
      [8, 16, 3],
      [19, 20, 5],
    ]);
    expect([batch.count, batch.lines, batch.end]).toEqual([3, 6, 22]);
  });

  test("gives declared types, and its untouched elements their bytes", () => {
    const batch = batchOf('[ {"n" : 12345678901234567890, "x": 1.10} ,\n{"n": 1,"x":2} ]', {
      columns: { n: { type: "bigint" } },
    });
    expect(outcomes(batch)).toEqual([
      { n: 12345678901234567890n, x: 1.1 },
      { n: 1n, x: 2 },
    ]);
    expect(encodeAll(batch, jsonLinesFormat.encoder(encodeSpec("jsonl", null)))).toBe(
      '{"n" : 12345678901234567890, "x": 1.10}\n{"n": 1,"x":2}\n',
    );
  });

  test("is not written", () => {
    expect(() => jsonFormat.encoder(encodeSpec("json", null))).toThrow(/json is read only; write jsonl or csv/);
  });
});
