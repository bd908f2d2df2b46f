import { describe, expect, test } from "vitest";
import { CSV_DEFAULTS } from "../../../src/formats/csv/defaults.ts";
import { csvDialect } from "../../../src/formats/csv/dialect.ts";
import { csvFormat } from "../../../src/formats/csv/index.ts";
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

describe("what is not built yet", () => {
  const decoder = (options: CsvOptions) =>
    csvFormat.decoder({ format: "csv", options, columns: {}, maxRecordBytes: 1 });
  test.each<[CsvOptions, string]>([
    [{ delimiter: "||" }, 'csv.delimiter: "||" is not read yet: expected a single ASCII character'],
    [{ delimiter: "§" }, 'csv.delimiter: "§" is not read yet: expected a single ASCII character'],
    [{ quote: "''" }, `csv.quote: "''" is not read yet: expected a single ASCII character`],
    [{ comment: "//" }, 'csv.comment: "//" is not read yet: expected a single ASCII character'],
    [{ encoding: "windows-1252" }, "csv.encoding: windows-1252 is not read yet: expected utf-8 or latin1"],
    [{ encoding: "utf-16le" }, "csv.encoding: utf-16le is not read yet: expected utf-8 or latin1"],
  ])("%j is refused", (options, message) => {
    expect(() => decoder(options)).toThrow(expect.objectContaining({ code: "NOT_BUILT", message }));
  });

  test("latin1 is read but not written", () => {
    const spec = { sink: "s", format: "csv", columns: [], needsColumns: true, onUnknownField: "error" } as const;
    expect(() => csvFormat.encoder({ ...spec, options: { encoding: "latin1" } })).toThrow(
      /csv.encoding: latin1 is not written yet/,
    );
  });
});
