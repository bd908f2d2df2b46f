import { describe, expect, test } from "vitest";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../../src/formats/csv/options.ts";

const head = (text: string | Buffer, options: CsvOptions = {}, final = true, maxRecordBytes = 100) =>
  csvFormat.readHeader(Buffer.from(text), final, { format: "csv", options, columns: {}, maxRecordBytes });

describe("readHeader()", () => {
  test.each<[string, string, { fields: string[]; dataOffset: number; lines: number }, CsvOptions?]>([
    ["reads the first line", "a,b\n1,2\n", { fields: ["a", "b"], dataOffset: 4, lines: 1 }],
    [
      "reads quoted names over several lines",
      '"a\nb","c""d"\r\n1,2',
      { fields: ["a\nb", 'c"d'], dataOffset: 14, lines: 2 },
    ],
    ["skips a byte order mark", "\uFEFFa,ü\n1,2\n", { fields: ["a", "ü"], dataOffset: 8, lines: 1 }],
    ["skips a byte order mark before a quote", '\uFEFF"a"\n', { fields: ["a"], dataOffset: 7, lines: 1 }],
    ["skips comments and blank lines", "#x\n\na\n1\n", { fields: ["a"], dataOffset: 6, lines: 3 }, { comment: "#" }],
    ["reads a header without records", "a,b", { fields: ["a", "b"], dataOffset: 3, lines: 0 }],
    ["trims names", " a , b\n", { fields: ["a", "b"], dataOffset: 7, lines: 1 }, { trim: "both" }],
    ["takes one empty name", ",b\n", { fields: ["", "b"], dataOffset: 3, lines: 1 }],
    ["takes a null mark for a name", "NA\n", { fields: ["NA"], dataOffset: 3, lines: 1 }, { nulls: ["NA"] }],
    [
      "gives the listed names and no line",
      "1,2\n",
      { fields: ["x", "y"], dataOffset: 0, lines: 0 },
      { header: ["x", "y"] },
    ],
    [
      "gives listed names behind a byte order mark",
      "\uFEFF1",
      { fields: ["x"], dataOffset: 3, lines: 0 },
      { header: ["x"] },
    ],
    [
      "numbers the columns of a file without header",
      "1,2\n",
      { fields: ["column1", "column2"], dataOffset: 0, lines: 0 },
      { header: false },
    ],
    [
      "counts the columns of the first good record",
      '\n1"x\n1,2,3\n',
      { fields: ["column1", "column2", "column3"], dataOffset: 0, lines: 0 },
      { header: false },
    ],
    ["finds no fields in an empty file without header", "", { fields: [], dataOffset: 0, lines: 0 }, { header: false }],
  ])("%s", (_, text, expected, options = {}) => {
    expect(head(text, options)).toEqual(expected);
  });

  test.each<[string, string, CsvOptions?]>([
    ["the byte order mark may be incomplete", "\uFEFF".slice(0, 0) + "a"],
    ["the line is incomplete", "a,b"],
    ["a quote is open", '"a\nb'],
    ["only blank lines came", "\n\n\n\n"],
    ["only faults came before the first record", '1"\n2', { header: false }],
  ])("wants more bytes while %s", (_, text, options = {}) => {
    expect(head(text, options, false)).toBeNull();
  });

  test.each<[string, string | Buffer, RegExp, CsvOptions?]>([
    ["a name twice", "id,note,id\n", /the header line names "id" twice: give each field a name of its own/],
    ["an empty file", "", /it is empty, and a header line was expected/],
    ["nothing but blank lines", "\n\r\n", /it is empty, and a header line was expected/],
    ["a stray quote", 'a,b"c\n', /the header line: a quote inside the unquoted field 2 \(byte 3/],
    ["an unclosed quote", 'a,"b\n', /the header line: the quote that opens field 2 is not closed before the end/],
    [
      "a line too large",
      `${"a".repeat(101)}\n`,
      /the header line: the record is longer than maxRecordBytes \(100 bytes\)/,
    ],
    [
      "bytes that are not UTF-8",
      Buffer.from("a,\xff\n", "latin1"),
      /the header line: field 2: the bytes are not valid UTF-8; set csv.encoding/,
    ],
    [
      "UTF-16",
      Buffer.from("\uFEFFa,b\n", "utf16le"),
      /begins with the byte order mark of utf-16le, but csv.encoding is utf-8; set it to utf-16le/,
    ],
    [
      "UTF-16 in the wrong order",
      "\uFFFEa,b\n",
      /begins with the byte order mark of utf-16le, but csv.encoding is utf-16be/,
      { encoding: "utf-16be" },
    ],
  ])("refuses %s", (_, text, message, options = {}) => {
    const read = () => head(text, options);
    expect(read).toThrow(message);
    expect(read).toThrow(expect.objectContaining({ code: "HEADER_INVALID" }));
  });

  test("reads names in latin1, where a byte order mark is data", () => {
    const text = Buffer.from("\xef\xbb\xbfa,\xfc\n", "latin1");
    expect(head(text, { encoding: "latin1" })?.fields).toEqual(["ï»¿a", "ü"]);
  });
});
