import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { csvFormat } from "../../../src/formats/csv/index.ts";
import type { CsvOptions } from "../../../src/formats/csv/options.ts";
import { decodeBatch, type DecodingOptions, outcomes, rows, sharedBytes } from "../../support/csv-decoding.ts";

const two = ["a", "b"];

describe("records", () => {
  test.each<[string, string, unknown[], CsvOptions?]>([
    [
      "end with a line feed",
      "1,2,3\n4,5,6\n",
      [
        ["1", "2", "3"],
        ["4", "5", "6"],
      ],
    ],
    [
      "end with a carriage return and a line feed",
      "1,2,3\r\n4,5,6\r\n",
      [
        ["1", "2", "3"],
        ["4", "5", "6"],
      ],
    ],
    [
      "may end differently in one file",
      "1,2,3\r\n4,5,6\n7,8,9",
      [
        ["1", "2", "3"],
        ["4", "5", "6"],
        ["7", "8", "9"],
      ],
    ],
    ["may end with the file", "1,2,3", [["1", "2", "3"]]],
    ["may end with an empty field and the file", "1,2,", [["1", "2", ""]]],
    ["keep a lone carriage return as data", "1,2\r3,4\n", [["1", "2\r3", "4"]]],
    ["keep a carriage return at the end of the file as data", "1,2,3\r", [["1", "2", "3\r"]]],
    ["keep NUL as data", "1,\0,3\n", [["1", "\0", "3"]]],
    [
      "are not made of blank lines",
      "\n1,2,3\n\r\n\n4,5,6\n\n",
      [
        ["1", "2", "3"],
        ["4", "5", "6"],
      ],
    ],
    ["are made of blanks when nothing trims them", " \n", ["CSV_FIELD_COUNT"]],
    ["have other delimiters", "1;2;3\n", [["1", "2", "3"]], { delimiter: ";" }],
    ["have tabs between fields", "1\t2\t3\n", [["1", "2", "3"]], { delimiter: "\t" }],
  ])("%s", (_, text, expected, csv = {}) => {
    expect(rows(text, { csv })).toEqual(expected);
  });

  test("are plain objects with the fields in the order of the header, whatever they are called", () => {
    const fields = ["b", "a", "__proto__", "constructor"];
    const [record] = outcomes(decodeBatch("1,2,3,4\n", { fields })) as [object];
    expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
    expect(Object.entries(record)).toEqual([
      ["b", "1"],
      ["a", "2"],
      ["__proto__", "3"],
      ["constructor", "4"],
    ]);
  });

  test("may have more fields than the builder has assignments of its own", () => {
    const fields = Array.from({ length: 40 }, (_, i) => `f${i}`);
    const [record] = outcomes(decodeBatch(`${fields.join(",")}\n`, { fields })) as [object];
    expect(Object.entries(record)).toEqual(fields.map((name) => [name, name]));
  });

  test("of another header than the chunk before are read by that one", () => {
    const decoder = csvFormat.decoder({
      format: "csv",
      options: {},
      columns: { b: { type: "int" } },
      maxRecordBytes: 100,
    });
    const read = (fields: readonly string[]) => {
      const batch = decoder.decode({ bytes: sharedBytes("1,2\n"), final: true, truncated: false, fields });
      return outcomes(batch)[0];
    };
    expect([read(["a", "b"]), read(["b", "a"]), read(["b", "a"])]).toEqual([
      { a: "1", b: 2 },
      { b: 1, a: "2" },
      { b: 1, a: "2" },
    ]);
  });

  test("more than fit into the first index are all found", () => {
    const text = "1,2,3\n".repeat(5000);
    const batch = decodeBatch(text);
    expect([batch.count, batch.end, batch.lines]).toEqual([5000, text.length, 5000]);
    expect(outcomes(batch).at(-1)).toEqual({ a: "1", b: "2", c: "3" });
  });

  test("wider than a text window, and behind one, are read whole", () => {
    const long = "x".repeat(60_000);
    const text = `1,${long},3\n4,5,6\n${"7,ü,9\n".repeat(20_000)}`;
    const found = rows(text, { maxRecordBytes: 100_000 });
    expect(found.slice(0, 2)).toEqual([
      ["1", long, "3"],
      ["4", "5", "6"],
    ]);
    expect(found.slice(2).every((row) => String(row) === "7,ü,9")).toBe(true);
  });
});

describe("quotes", () => {
  test.each<[string, string, unknown[], CsvOptions?]>([
    [
      "take delimiters, line ends and doubled quotes for data",
      '"1,""2""","a\nb\r\nc",\n',
      [['1,"2"', "a\nb\r\nc", ""]],
    ],
    ["may surround nothing", '"",2,""\n', [["", "2", ""]]],
    ["may surround a quote alone", '"""","""""",3\n', [['"', '""', "3"]]],
    ["may close with the file", '1,2,"3"', [["1", "2", "3"]]],
    [
      "may close before CRLF",
      '1,2,"3"\r\n4,5,6',
      [
        ["1", "2", "3"],
        ["4", "5", "6"],
      ],
    ],
    ["may be other characters", "'1,''2',\",3\n", [["1,'2", '"', "3"]], { quote: "'" }],
    ["may have an escape of their own", '"a\\"b","c\\\\","\\d"\n', [['a"b', "c\\", "\\d"]], { escape: "\\" }],
    ["are not doubled where they have an escape of their own", '"a""b",2,3\n', ["CSV_STRAY_QUOTE"], { escape: "\\" }],
    ["may be switched off", '"1,2",\'3\n', [['"1', '2"', "'3"]], { quote: null }],
    [
      "are text inside an unquoted field when literal",
      '5" pipe,a"b"c,"d"\n',
      [['5" pipe', 'a"b"c', "d"]],
      { quotes: "literal" },
    ],
    ["are still quotes at the start when literal", '"1,2",3"\n', ["CSV_FIELD_COUNT"], { quotes: "literal" }],
    ["are malformed before text even when literal", '"1"x,2,3\n', ["CSV_STRAY_QUOTE"], { quotes: "literal" }],
  ])("%s", (_, text, expected, csv = {}) => {
    expect(rows(text, { csv })).toEqual(expected);
  });
});

describe("malformed records", () => {
  const next = "4,5,6\n";
  const good = ["4", "5", "6"];
  test.each<[string, string, unknown[], DecodingOptions?]>([
    ["a quote inside an unquoted field", `1,2"x",3\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["a quote at the end of an unquoted field", `1,2",3\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["text behind a closing quote", `"1"x,2,3\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["a blank behind a closing quote", `"1" ,2,3\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["a lone carriage return behind a closing quote", `1,2,"3"\rx\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["a carriage return behind a closing quote at the end", `${next}1,2,"3"\r`, [good, "CSV_STRAY_QUOTE"]],
    [
      "a fault behind a quoted line end: ends at the line end behind the fault",
      `"1\n2"x,3\n${next}`,
      ["CSV_STRAY_QUOTE", good],
    ],
    ["a fault before a quoted line end: ends at that line end", `1"x,"2\n${next}`, ["CSV_STRAY_QUOTE", good]],
    ["an unclosed quote at the end of the file", `1,"2,3\n${next}`, ["CSV_UNCLOSED_QUOTE", good]],
    ["an unclosed quote on the last line", `${next}1,"2,3`, [good, "CSV_UNCLOSED_QUOTE"]],
    ["an unclosed quote on the second line of its record", `"1\n2","3\n${next}`, ["CSV_UNCLOSED_QUOTE", good]],
    [
      "an unclosed quote past maxRecordBytes",
      `"1\n${next}${next}"`,
      ["CSV_UNCLOSED_QUOTE", good, good, "CSV_UNCLOSED_QUOTE"],
      { maxRecordBytes: 8 },
    ],
    ["a record too large", `1,2,34567\n${next}`, ["RECORD_TOO_LARGE", good], { maxRecordBytes: 8 }],
    ["a record just not too large", `1,2,3456\n${next}`, [["1", "2", "3456"], good], { maxRecordBytes: 8 }],
    [
      "a carriage return counted into the record",
      `1,2,3456\r\n${next}`,
      ["RECORD_TOO_LARGE", good],
      { maxRecordBytes: 8 },
    ],
    [
      "a carriage return behind quotes at the limit",
      `1,2,"3"\r\n${next}`,
      ["RECORD_TOO_LARGE", good],
      { maxRecordBytes: 7 },
    ],
    ["a last record too large", `${next}1,2,34567`, [good, "RECORD_TOO_LARGE"], { maxRecordBytes: 8 }],
    [
      "a record too large, its quotes all closed",
      `"12\n4",5678\n${next}`,
      ["RECORD_TOO_LARGE", good],
      { maxRecordBytes: 8 },
    ],
    [
      "a stray quote behind maxRecordBytes: too large counts",
      `1,2,34567"\n${next}`,
      ["RECORD_TOO_LARGE", good],
      { maxRecordBytes: 8 },
    ],
    ["too few fields", `1,2\n${next}`, ["CSV_FIELD_COUNT", good]],
    ["too many fields", `1,2,3,\n${next}`, ["CSV_FIELD_COUNT", good]],
    ["too many fields when padding", `1,2,3,4\n${next}`, ["CSV_FIELD_COUNT", good], { csv: { ragged: "pad" } }],
    ["bytes that are not UTF-8", `1,\xff,3\n${next}`, ["ENCODING_INVALID", good]],
    ["a character cut by a delimiter", `1,\xc3,\xbc\n${next}`, ["ENCODING_INVALID", good]],
    ["bytes that are not UTF-8 in quotes", `1,"\xe2\x82""",3\n${next}`, ["ENCODING_INVALID", good]],
  ])("%s", (_, text, expected, options = {}) => {
    const batch = decodeBatch(Buffer.from(text, "latin1"), options);
    expect(rows(Buffer.from(text, "latin1"), options)).toEqual(expected);
    expect([batch.end, batch.lines]).toEqual([text.length, text.split("\n").length - 1]);
  });

  test.each<[string, string, DecodingOptions?]>([
    [
      '1,2"x,3\n',
      'CSV_STRAY_QUOTE: a quote inside the unquoted field 2 "b" (byte 3 of the record): quote the field and double the quote, or set csv.quotes to literal',
    ],
    [
      '1,"2"x,3\n',
      'CSV_STRAY_QUOTE: text behind the closing quote of field 2 "b" (byte 5 of the record): a quote that is data must be doubled',
    ],
    [
      '1,2,3,"4"x\n',
      "CSV_STRAY_QUOTE: text behind the closing quote of field 4 (byte 9 of the record): a quote that is data must be doubled",
    ],
    [
      '1,"2,3\n',
      'CSV_UNCLOSED_QUOTE: the quote that opens field 2 "b" is not closed before the end of the input: close it, or double a quote that is data',
    ],
    [
      '"123456789\n',
      'CSV_UNCLOSED_QUOTE: the quote that opens field 1 "a" is not closed within maxRecordBytes (8 bytes): close it, or double a quote that is data',
      { maxRecordBytes: 8 },
    ],
    [
      "123456789\n",
      "RECORD_TOO_LARGE: the record is longer than maxRecordBytes (8 bytes): raise source.maxRecordBytes if it is meant to be",
      { maxRecordBytes: 8 },
    ],
    ["1\n", "CSV_FIELD_COUNT: 1 field where the header has 3: add the missing ones, or set csv.ragged to pad"],
    ["1,2,3,4\n", "CSV_FIELD_COUNT: 4 fields where the header has 3: quote a field that holds the delimiter"],
    [
      "1,\xff,3\n",
      'ENCODING_INVALID: "b": the bytes are not valid UTF-8; set csv.encoding to what the file is written in',
    ],
    ["x,2,3\n", 'VALUE_INVALID: "a": expected a whole number, found "x"', { columns: { a: { type: "int" } } }],
    [
      `${"9".repeat(99)},2,3\n`,
      `VALUE_INVALID: "a": expected a whole number, found "${"9".repeat(60)}..."`,
      { columns: { a: { type: "int" } } },
    ],
    [
      ",2,3\n",
      'VALUE_NULL: "a": null in a column that is declared nullable: false',
      { columns: { a: { type: "int", nullable: false } } },
    ],
  ])("%j says: %s", (text, message, options = {}) => {
    const [said] = outcomes(decodeBatch(Buffer.from(text, "latin1"), options)) as string[];
    expect(said?.replace(/a whole number[^,]*/, "a whole number")).toBe(message);
  });

  test("are told apart from real replacement characters", () => {
    expect(rows("1,\uFFFD,3\n")).toEqual([["1", "\uFFFD", "3"]]);
  });

  test("have places: begin, end without the line end, line", () => {
    const batch = decodeBatch('\n"1\n2",3,4\r\n"x"y,\r\n# no comment\n5,6,7');
    const places = Array.from({ length: batch.count }, (_, i) => [batch.start(i), batch.stop(i), batch.line(i)]);
    expect(places).toEqual([
      [1, 10, 1],
      [12, 17, 3],
      [19, 31, 4],
      [32, 37, 5],
    ]);
    expect([batch.line(1), batch.line(0), batch.line(3), batch.lines]).toEqual([3, 1, 5, 5]);
  });
});

describe("the end of a chunk", () => {
  test.each<[string, string, number, number, DecodingOptions?]>([
    ["an incomplete record is left", "1,2,3\n4,5", 1, 6],
    ["an open quote is left", '1,2,3\n4,"5\n6\n', 1, 6],
    ["a closing quote that may be half of two is left", '1,2,"3"', 0, 0],
    ["a carriage return behind quotes is left", '1,2,"3"\r', 0, 0],
    ["a malformed record without its line end is left", '1,2,3\n4"5', 1, 6],
    ["an incomplete comment is left", "1,2,3\n#4", 1, 6, { csv: { comment: "#" } }],
    ["a blank line of which only the carriage return is there is left", "1,2,3\n\r", 1, 6],
    ["blank lines behind the last record are consumed", "1,2,3\n\n\r\n", 1, 9],
    ["nothing is nothing", "", 0, 0],
  ])("%s when more may follow", (_, text, count, end, options = {}) => {
    const batch = decodeBatch(text, { ...options, final: false });
    expect([batch.count, batch.end]).toEqual([count, end]);
  });

  const small = { maxRecordBytes: 4, final: false };
  test("an oversized record without a line end is left until it is said to be truncated", () => {
    expect(decodeBatch("123456", small).end).toBe(0);
    const batch = decodeBatch("1,2,3\n123456", { ...small, truncated: true, maxRecordBytes: 5 });
    expect([batch.end, outcomes(batch).length]).toEqual([12, 2]);
    expect(rows("1,2,3\n123456", { ...small, truncated: true, maxRecordBytes: 5 })[1]).toBe("RECORD_TOO_LARGE");
  });

  test("a malformed record that is cut behind an oversized one is left, so that its reject has all of its bytes", () => {
    const text = '"12\n1,2,3\n"1" ';
    const request = { ...small, truncated: true, maxRecordBytes: 5 };
    expect([decodeBatch(text, request).end, rows(text, request)[0]]).toEqual([10, "CSV_UNCLOSED_QUOTE"]);
  });

  test.each<[string, string, number, unknown[]]>([
    ["an unclosed quote", '"12345', 6, ["CSV_UNCLOSED_QUOTE"]],
    ["a malformed record", '1"2345', 6, ["CSV_STRAY_QUOTE"]],
    ["an unclosed quote, then too little of the next line to judge it", '"12\n45', 4, ["CSV_UNCLOSED_QUOTE"]],
    ["too little to judge anything: taken all the same, or nobody would get further", "12", 2, ["RECORD_TOO_LARGE"]],
    ["too little to judge an open quote", '"2', 2, ["CSV_UNCLOSED_QUOTE"]],
  ])("truncated: %s", (_, text, end, expected) => {
    expect(decodeBatch(text, { ...small, truncated: true }).end).toBe(end);
    expect(rows(text, { ...small, truncated: true })).toEqual(expected);
  });

  test("truncated: a comment is consumed and no record", () => {
    const batch = decodeBatch("#23456", { ...small, truncated: true, csv: { comment: "#" } });
    expect([batch.count, batch.end]).toEqual([0, 6]);
  });
});

describe("options", () => {
  test.each<[string, string, unknown[], CsvOptions]>([
    [
      "comment: lines are no records",
      '# "x\n1,2\n#\n3,4#\n#end',
      [
        ["1", "2"],
        ["3", "4#"],
      ],
      { comment: "#" },
    ],
    ["comment: not inside quotes", '"1\n#2",3\n', [["1\n#2", "3"]], { comment: "#" }],
    ["blankLines: record", "\n1,2\n\r\n", ["CSV_FIELD_COUNT", ["1", "2"], "CSV_FIELD_COUNT"], { blankLines: "record" }],
    [
      "blankLines: record with ragged: pad",
      "\n1,2\n",
      [
        ["", null],
        ["1", "2"],
      ],
      { blankLines: "record", ragged: "pad" },
    ],
    [
      "ragged: pad",
      "1\n2,3\n",
      [
        ["1", null],
        ["2", "3"],
      ],
      { ragged: "pad" },
    ],
    ["trim: both", ' 1\t, "2 " \n', [["1", "2 "]], { trim: "both" }],
    [
      "trim: both before CRLF and the end",
      ' 1 ,\t2 \r\n"3" ,"4" ',
      [
        ["1", "2"],
        ["3", "4"],
      ],
      { trim: "both" },
    ],
    ["trim: both leaves nothing of blanks", "  , \n", [["", ""]], { trim: "both" }],
    ["trim: both takes a line of blanks for a blank line", " \t\n1,2\n  ", [["1", "2"]], { trim: "both" }],
    ["trim: left", ' 1 , "2"\n', [["1 ", "2"]], { trim: "left" }],
    ["trim: left does not excuse blanks behind quotes", '"1" ,2\n', ["CSV_STRAY_QUOTE"], { trim: "left" }],
    ["trim: right", ' 1 ,"2" \n', [[" 1", "2"]], { trim: "right" }],
    ["trim: right does not excuse blanks before quotes", ' "1",2\n', ["CSV_STRAY_QUOTE"], { trim: "right" }],
    ["trim: a tab that separates fields is no blank", " 1\t\n", [["1", ""]], { trim: "both", delimiter: "\t" }],
  ])("%s", (_, text, expected, csv) => {
    expect(rows(text, { csv, fields: two })).toEqual(expected);
  });

  test("encoding: latin1 reads every byte", () => {
    const csv = { encoding: "latin1" } as const;
    expect(rows(Buffer.from('\xfc,"\xff""\xe9"\n', "latin1"), { csv, fields: two })).toEqual([["ü", 'ÿ"é']]);
  });

  test("trim: a line of too many blanks is a record too large", () => {
    expect(rows("      \n1,2\n", { csv: { trim: "both" }, fields: two, maxRecordBytes: 4 })).toEqual([
      "RECORD_TOO_LARGE",
      ["1", "2"],
    ]);
  });
});

describe("null and empty", () => {
  const int = { b: { type: "int" } } as const;
  test.each<[string, string, unknown[], DecodingOptions]>([
    ["an unquoted empty field is ''", "1,\n", ["1", ""], {}],
    ["it is null in a typed column", "1,\n", ["1", null], { columns: int }],
    ["it is null in a nullable column", "1,\n", ["1", null], { columns: { b: { type: "string", nullable: true } } }],
    [
      "it is '' in a string column that is not nullable",
      "1,\n",
      ["1", ""],
      { columns: { b: { type: "string", nullable: false } } },
    ],
    ["it is null with emptyAsNull", "1,\n", ["1", null], { csv: { emptyAsNull: true } }],
    ["a quoted one is ''", '1,""\n', ["1", ""], { csv: { emptyAsNull: true } }],
    ["a mark is null in every column", "NA,NA\n", [null, null], { csv: { nulls: ["NA"] }, columns: int }],
    ["other texts are not", "N,na\n", ["N", "na"], { csv: { nulls: ["NA"] } }],
    ["a quoted mark is text", '"NA",1\n', ["NA", "1"], { csv: { nulls: ["NA"] } }],
    ["an empty field stays what it is beside other marks", ",\n", ["", null], { csv: { nulls: ["NA"] }, columns: int }],
    [
      "a trimmed field counts as it is trimmed",
      " NA , \n",
      [null, null],
      { csv: { nulls: ["NA"], trim: "both" }, columns: int },
    ],
  ])("%s", (_, text, expected, options) => {
    expect(rows(text, { ...options, fields: two })).toEqual([expected]);
  });

  test.each<[string, string, string, DecodingOptions]>([
    ["a quoted empty field is no number", '1,""\n', "VALUE_INVALID", { columns: int }],
    ["null where it is refused", "1,\n", "VALUE_NULL", { columns: { b: { type: "int", nullable: false } } }],
    [
      "a mark where null is refused",
      "1,NA\n",
      "VALUE_NULL",
      { csv: { nulls: ["NA"] }, columns: { b: { type: "string", nullable: false } } },
    ],
    [
      "a padded field where null is refused",
      "1\n",
      "VALUE_NULL",
      { csv: { ragged: "pad" }, columns: { b: { type: "string", nullable: false } } },
    ],
  ])("%s: %s", (_, text, code, options) => {
    expect(rows(text, { ...options, fields: two })).toEqual([code]);
  });

  test("declared columns have their types; a field called like a method of objects has none", () => {
    const columns = { a: { type: "int" }, b: { type: "timestamp" }, c: { type: "json" } } as const;
    const fields = ["a", "b", "c", "toString"];
    const text = '7,2024-05-01T10:00:00Z,"{""x"":[1]}",t\n';
    const expected = { a: 7, b: new Date("2024-05-01T10:00:00Z"), c: { x: [1] }, toString: "t" };
    expect(outcomes(decodeBatch(text, { columns, fields }))).toEqual([expected]);
  });
});

describe("framed records", () => {
  const frames = (texts: readonly string[]) => {
    let end = 0;
    return { text: texts.join(""), ends: Int32Array.from(texts, (text) => (end += Buffer.byteLength(text))) };
  };

  test("are each one record, with or without a line end", () => {
    const { text, ends } = frames(["1,2", '"3\n4",5\n', "6,7\r\n", "8,9"]);
    const batch = decodeBatch(text, { ends, fields: two, final: false });
    expect(outcomes(batch).map((record) => Object.values(record as object))).toEqual([
      ["1", "2"],
      ["3\n4", "5"],
      ["6", "7"],
      ["8", "9"],
    ]);
    expect([batch.count, batch.end, batch.lines]).toEqual([4, text.length, 3]);
  });

  test("are faults alone when they are not", () => {
    const { text, ends } = frames(["1,2\n3,4\n", "", '5"x,6', '"7,8', "123456789", "#,9"]);
    const expected = [
      "CSV_FIELD_COUNT",
      "CSV_FIELD_COUNT",
      "CSV_STRAY_QUOTE",
      "CSV_UNCLOSED_QUOTE",
      "RECORD_TOO_LARGE",
      ["#", "9"],
    ];
    expect(rows(text, { ends, fields: two, maxRecordBytes: 8, csv: { comment: "#" } })).toEqual(expected);
  });
});

describe("what never comes from data", () => {
  test("a chunk without field names is refused", () => {
    const decoder = csvFormat.decoder({ format: "csv", options: {}, columns: {}, maxRecordBytes: 10 });
    const request = { bytes: new Uint8Array(1), final: true, truncated: false };
    expect(() => decoder.decode(request)).toThrow(/without the names of its fields/);
  });

  test("names may come from the options", () => {
    const options = { header: two };
    const decoder = csvFormat.decoder({ format: "csv", options, columns: {}, maxRecordBytes: 10 });
    expect(outcomes(decoder.decode({ bytes: sharedBytes("1,2"), final: true, truncated: false }))).toEqual([
      { a: "1", b: "2" },
    ]);
  });

  test("a chunk that the index cannot address is refused", () => {
    const decoder = csvFormat.decoder({ format: "csv", options: { header: two }, columns: {}, maxRecordBytes: 10 });
    const bytes = new Uint8Array(2 ** 28);
    try {
      decoder.decode({ bytes, final: true, truncated: false });
      expect.unreachable();
    } catch (thrown) {
      expect(isMillraceError(thrown, "INVARIANT")).toBe(true);
    }
  });
});
