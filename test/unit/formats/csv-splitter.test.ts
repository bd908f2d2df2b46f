import { describe, expect, test } from "vitest";
import { csvDialect } from "../../../src/formats/csv/dialect.ts";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../../src/formats/csv/options.ts";
import { csvSplitter } from "../../../src/formats/csv/splitter.ts";
import { sharedBytes } from "../../support/csv-decoding.ts";
import { testMachine } from "../../support/machine.ts";

const splitter = (options: CsvOptions = {}) =>
  csvFormat.splitter({ format: "csv", options, columns: {}, maxRecordBytes: 100 });

const border = (text: string, options: CsvOptions = {}, maxRecords?: number) => {
  const { end, records, lines } = splitter(options).lastBorder(sharedBytes(text), 0, text.length, maxRecords);
  return [end, records, lines];
};

describe("Splitter.lastBorder()", () => {
  const padding = "x".repeat(40);
  test.each<[string, string, number[], CsvOptions?]>([
    ["is behind the last line end", "1,2\n3,4\r\n5", [9, 2, 2]],
    ["is none without a line end", "1,2", [0, 0, 0]],
    ["is none in nothing", "", [0, 0, 0]],
    ["is not inside quotes", '1,"2\n3",4\n"5\n', [10, 1, 2]],
    ["is not inside quotes that stand far apart", `1,"${padding}\n${padding}",4\n5,"${padding}\n`, [88, 1, 2]],
    ["takes doubled quotes for data", '"a""\n""b"\n"""c\n', [10, 1, 2]],
    ["takes quotes inside unquoted fields for data", '5" pipe\n6\n', [10, 2, 2]],
    ["takes other quotes for data", "it's\n'a\nb'\n", [11, 2, 3], { quote: "'" }],
    ["takes all quotes for data when there are none", '"1\n"2\n', [6, 2, 2], { quote: null }],
    ["takes quotes in comments for data", '#"x\n1\n#,"\n2\n', [12, 2, 4], { comment: "#" }],
    ["takes blanks before a quote for trimmed", ' "1\n2"\n', [7, 1, 2], { trim: "both" }],
    ["takes blanks before a quote for text otherwise", ' "1\n2"\n', [7, 2, 2]],
    ["takes escaped quotes for data", '"a\\"\nb"\n"\\\\"\n', [13, 2, 3], { escape: "\\" }],
    ["counts no blank lines", "\n1\n\r\n2\n\n", [8, 2, 5]],
    ["counts blank lines that are records", "\n1\n", [3, 2, 2], { blankLines: "record" }],
  ])("%s", (_, text, expected, options = {}) => {
    expect(border(text, options)).toEqual(expected);
  });

  test("is behind so many records at most", () => {
    const text = '1\n"2\n2"\n\n3\n4\n';
    expect([1, 2, 3, 4, 9].map((most) => border(text, {}, most))).toEqual([
      [2, 1, 1],
      [8, 2, 3],
      [11, 3, 5],
      [13, 4, 6],
      [13, 4, 6],
    ]);
  });

  test("looks at nothing outside its range, and gives offsets of the whole bytes", () => {
    const text = '"\n1\n"2\n3"\n4\n';
    expect(splitter().lastBorder(sharedBytes(text), 2, 10)).toEqual({ end: 10, records: 2, lines: 3 });
    expect(splitter().lastBorder(sharedBytes(text), 2, 9)).toEqual({ end: 4, records: 1, lines: 1 });
  });
});

describe("Splitter.lastBorder() in more bytes than a window has", () => {
  const records = '1,"a\nb",c\r\n\n'.repeat(30_000);
  test.each<[string, string]>([
    ["records", records],
    ["records that end within quotes", `${records}"${"open\n".repeat(9000)}`],
    ["a stray quote and what follows it", `${records}x"\n${records}`],
    ["lines that are long", `${"x".repeat(5000)}\n`.repeat(100)],
    ["lines that are long from somewhere on", `${records}${`${"x".repeat(5000)}\n`.repeat(100)}`],
    ["no line at all", "x".repeat(300_000)],
  ])("is the same with and without WebAssembly: %s", (_, text) => {
    const bytes = sharedBytes(text);
    const plain = csvSplitter(csvDialect({}), null).lastBorder(bytes, 0, bytes.length);
    expect(csvSplitter(csvDialect({}), testMachine()).lastBorder(bytes, 0, bytes.length)).toEqual(plain);
  });
});

describe("Splitter.nextLine()", () => {
  test("is behind the next line feed in the range, whatever the quotes say", () => {
    const bytes = sharedBytes('"a\nb\nc');
    expect([
      splitter().nextLine(bytes, 0, 6),
      splitter().nextLine(bytes, 3, 6),
      splitter().nextLine(bytes, 5, 6),
    ]).toEqual([3, 5, 0]);
    expect([splitter().nextLine(bytes, 0, 2), splitter().nextLine(bytes, 2, 3)]).toEqual([0, 3]);
  });
});
