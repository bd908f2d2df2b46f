import { describe, expect, test } from "vitest";
import { CSV_DEFAULTS } from "../../../src/formats/csv/defaults.ts";
import { csvDialect } from "../../../src/formats/csv/dialect.ts";
import { type CsvOptions, csvSinkShape, csvSourceShape } from "../../../src/formats/csv/options.ts";

describe("csvSourceShape", () => {
  test("fills in the defaults", () => {
    expect(csvSourceShape.parse({})).toEqual(CSV_DEFAULTS);
    expect(csvDialect(csvSourceShape.parse({}))).toEqual(csvDialect({}));
  });

  test("takes every key of the contract", () => {
    const all = {
      delimiter: ";",
      quote: "'",
      escape: "\\",
      quotes: "literal",
      header: ["a", "b"],
      comment: "#",
      trim: "both",
      encoding: "latin1",
      nulls: ["NA", ""],
      emptyAsNull: true,
      blankLines: "record",
      ragged: "pad",
    };
    expect(csvSourceShape.parse(all)).toEqual(all);
    expect(csvSourceShape.parse({ quote: null }).quote).toBeNull();
  });

  test.each<[string, unknown]>([
    ["delimiter", { delimiter: "" }],
    ["delimiter", { delimiter: "\n" }],
    ["quote", { quote: "," }],
    ["escape", { escape: "," }],
    ["comment", { comment: "," }],
    ["comment", { comment: '"' }],
    ["comment", { delimiter: "//", comment: "/" }],
    ["quote", { quote: ",," }],
    ["delimiter", { delimiter: "x".repeat(17) }],
    ["header.1", { header: ["a", "a"] }],
    ["header", { header: [] }],
    ["trim", { trim: "all" }],
    ["", { delimeter: ";" }],
  ])("names %s in %j", (path, input) => {
    const issues = csvSourceShape.safeParse(input).error?.issues ?? [];
    expect(issues.map((issue) => issue.path.join("."))).toEqual([path]);
  });
});

test("csvSinkShape takes the keys that matter for writing", () => {
  expect(csvSinkShape.parse({ header: false, delimiter: "\t" })).toMatchObject({
    header: false,
    delimiter: "\t",
    quote: '"',
  });
  expect(csvSinkShape.safeParse({ ragged: "pad" }).success).toBe(false);
  expect(csvSinkShape.safeParse({ quote: "," }).success).toBe(false);
});

test.each<[string, CsvOptions]>([
  ['csv.delimiter: "€" cannot stand in a file in latin1', { delimiter: "€", encoding: "latin1" }],
  ['csv.quote: "東" cannot stand in a file in windows-1252', { quote: "東", encoding: "windows-1252" }],
])("%s", (message, options) => {
  expect(() => csvDialect(options)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message }));
});
