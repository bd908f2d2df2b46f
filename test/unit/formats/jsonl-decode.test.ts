import { describe, expect, test } from "vitest";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { decode, faultOf, readAll, sharedBytes } from "./json-lines.ts";

const spec = { format: "jsonl", options: {}, columns: {}, maxRecordBytes: 1_048_576 };

describe("readHeader()", () => {
  const header = (bytes: readonly number[], final: boolean) =>
    jsonLinesFormat.readHeader(Uint8Array.from(bytes), final, spec);

  test("skips a byte order mark", () => {
    expect(header([0xef, 0xbb, 0xbf, 123], false)).toEqual({ dataOffset: 3, lines: 0 });
    expect(header([123, 125], false)).toEqual({ dataOffset: 0, lines: 0 });
  });

  test("waits until it is sure", () => {
    expect(header([0xef, 0xbb], false)).toBeNull();
    expect(header([], false)).toBeNull();
    expect(header([0xef, 0xbb], true)).toEqual({ dataOffset: 0, lines: 0 });
    expect(header([], true)).toEqual({ dataOffset: 0, lines: 0 });
  });
});

describe("Splitter", () => {
  const splitter = jsonLinesFormat.splitter(spec);
  const bytes = sharedBytes('{"a":1}\n\n  \r\n{"a":2}\n{"a":3}');

  test("lastBorder() is behind the last line end, and counts records and lines", () => {
    expect(splitter.lastBorder(bytes, 0, bytes.length)).toEqual({ end: 21, records: 2, lines: 4 });
    expect(splitter.lastBorder(bytes, 9, 20)).toEqual({ end: 13, records: 0, lines: 1 });
    expect(splitter.lastBorder(bytes, 21, bytes.length)).toEqual({ end: 0, records: 0, lines: 0 });
  });

  test("lastBorder() stops behind as many records as it may take", () => {
    expect(splitter.lastBorder(bytes, 0, bytes.length, 1)).toEqual({ end: 8, records: 1, lines: 1 });
    expect(splitter.lastBorder(bytes, 8, bytes.length, 1)).toEqual({ end: 21, records: 1, lines: 3 });
  });

  test("nextLine() is behind the next line feed", () => {
    expect(splitter.nextLine(bytes, 1, bytes.length)).toBe(8);
    expect(splitter.nextLine(bytes, 21, bytes.length)).toBe(0);
    expect(splitter.nextLine(bytes, 14, 20)).toBe(0);
  });
});

describe("Decoder", () => {
  test("reads any JSON value, one a line", () => {
    const batch = decode('{"a":1}\n[1]\n"x"\n5\ntrue\nnull\n');
    expect(readAll(batch)).toEqual([{ a: 1 }, [1], "x", 5, true, null]);
    expect([batch.count, batch.end, batch.lines]).toEqual([6, 28, 6]);
  });

  test("ignores lines of blanks and carriage returns, and knows where the others are", () => {
    const batch = decode('\n \t\r\n{"a":1}\r\n\r\n {"a":2}\n\n');
    expect(readAll(batch)).toEqual([{ a: 1 }, { a: 2 }]);
    expect([batch.start(0), batch.stop(0), batch.line(0)]).toEqual([5, 12, 2]);
    expect([batch.start(1), batch.stop(1), batch.line(1)]).toEqual([16, 24, 4]);
    expect([batch.end, batch.lines]).toEqual([26, 6]);
  });

  test("takes a line of more blanks than a record may have for one, as if only its begin had been seen", () => {
    const options = { maxRecordBytes: 4 };
    expect(readAll(decode("    \r\n{}\n", options))).toEqual([{}]);
    expect(readAll(decode("     \r\n{}\n", options))).toEqual(["RECORD_TOO_LARGE", {}]);
    expect(readAll(decode("      ", { ...options, final: false, truncated: true }))).toEqual(["RECORD_TOO_LARGE"]);
  });

  test("leaves an incomplete last line to the next chunk unless it is the last one", () => {
    const waiting = decode('{"a":1}\n{"a":2}', { final: false });
    expect([waiting.count, waiting.end, waiting.lines]).toEqual([1, 8, 1]);
    const last = decode('{"a":1}\n{"a":2}');
    expect([last.count, last.end, last.lines]).toEqual([2, 15, 1]);
    const none = decode('{"a":2}', { final: false });
    expect([none.count, none.end]).toEqual([0, 0]);
  });

  test("consumes blanks at the end of the file", () => {
    const batch = decode('{"a":1}\n  ');
    expect([batch.count, batch.end]).toEqual([1, 10]);
    expect(decode("").end).toBe(0);
  });

  test("lets the last of duplicate keys count and takes __proto__ for data", () => {
    const [first, second] = readAll(decode('{"a":1,"a":2}\n{"__proto__":{"admin":true}}\n')) as [object, object];
    expect(first).toEqual({ a: 2 });
    expect(Object.keys(second)).toEqual(["__proto__"]);
    expect("admin" in second).toBe(false);
  });

  test("one line that does not parse is one reject and touches no neighbour", () => {
    expect(readAll(decode('{"a":1}\n{"a":\n{"a":3}\n"\n{"a":4}\n'))).toEqual([
      { a: 1 },
      "JSON_INVALID",
      { a: 3 },
      "JSON_INVALID",
      { a: 4 },
    ]);
  });

  test("reads UTF-8 and rejects only the lines that are not", () => {
    const bytes = Buffer.concat([Buffer.from('"é€𝄞"\n"'), Buffer.from([0xff]), Buffer.from('"\n"ok"\n')]);
    expect(readAll(decode(bytes))).toEqual(["é€𝄞", "ENCODING_INVALID", "ok"]);
    expect(readAll(decode('"é"\n'))).toEqual(["é"]);
  });

  test("rejects a raw NUL and takes an escaped one", () => {
    expect(readAll(decode('"a\0"\n"a\\u0000"\n'))).toEqual(["JSON_INVALID", "a\0"]);
  });

  test("rejects more than 1,000 levels", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(faultOf(nested(1_001)).code).toBe("JSON_TOO_DEEP");
    expect(faultOf(nested(1_000)).code).toBe("none");
    expect(faultOf(nested(200_000)).code).toBe("JSON_TOO_DEEP");
  });

  test("rejects a record over maxRecordBytes, whose line end does not count", () => {
    const batch = decode('"12345678"\n"123456789"\n"1"\n', { maxRecordBytes: 10 });
    expect(readAll(batch)).toEqual(["12345678", "RECORD_TOO_LARGE", "1"]);
    expect(faultOf('"123456789"\n', { maxRecordBytes: 10 }).message).toContain("maxRecordBytes (10)");
  });

  test("takes the begin of an oversized line for all of it", () => {
    const cut = decode('"1"\n"1234', { final: false, truncated: true });
    expect(readAll(cut)).toEqual(["1", "RECORD_TOO_LARGE"]);
    expect([cut.end, cut.lines]).toEqual([9, 1]);
    const alone = decode('"123456789', { final: false, maxRecordBytes: 5 });
    expect(readAll(alone)).toEqual(["RECORD_TOO_LARGE"]);
    expect(alone.end).toBe(10);
  });

  test("takes every frame for one record, line ends and all", () => {
    const content = '{"a":\n1}5[]';
    const batch = decode(content, { ends: [8, 8, 9, 11] });
    expect(readAll(batch)).toEqual([{ a: 1 }, "JSON_INVALID", 5, []]);
    expect([batch.count, batch.end, batch.lines]).toEqual([4, 11, 1]);
    expect([batch.start(2), batch.stop(2), batch.line(2)]).toEqual([8, 9, 1]);
  });

  test("indexes more records than it first has room for", () => {
    const batch = decode("1\n".repeat(5_000));
    expect(batch.count).toBe(5_000);
    expect(batch.start(4_999)).toBe(9_998);
  });

  test("is used again for the next chunk", () => {
    const decoder = jsonLinesFormat.decoder(spec);
    const request = { final: true, truncated: false };
    decoder.decode({ bytes: sharedBytes("1\n2\n3\n"), ...request });
    const batch = decoder.decode({ bytes: sharedBytes('{"é":4}'), ...request });
    expect(readAll(batch)).toEqual([{ é: 4 }]);
  });
});

describe("a record that is not JSON", () => {
  test.each([
    ['{"a":x}', 'unexpected "x" at column 6'],
    ['{"a":1,}', 'unexpected "}" at column 8'],
    ['{"a" 1}', 'unexpected "1" at column 6'],
    ["{a:1}", 'unexpected "a" at column 2'],
    ["[1 2]", 'unexpected "2" at column 4'],
    ["[1,]", 'unexpected "]" at column 4'],
    ['{"a":1} x', 'unexpected "x" at column 9'],
    ["01", 'unexpected "1" at column 2'],
    ["nan", 'unexpected "n" at column 1'],
    ["'a'", `unexpected "'" at column 1`],
    ['"a\tb"', "unexpected control character 9 at column 3"],
    ['"\\q"', 'unexpected "q" at column 3'],
    ['"\\u00g0"', 'unexpected "u" at column 3'],
    ["😀", 'unexpected "😀" at column 1'],
    ['{"a":1', "it ends at column 7"],
    ['["a', "it ends at column 4"],
    ['["a\\', "it ends at column 5"],
    ["[tru", "it ends at column 5"],
    ["-", "it ends at column 2"],
    ['{"a":{"b":[1,{"c":[]}],"d":-1.5e3,"e":[true,false,null]},"f":}', 'unexpected "}" at column 62'],
  ])("%s is told by its place", (line, told) => {
    const { code, message } = faultOf(line);
    expect(code).toBe("JSON_INVALID");
    expect(message).toContain(told);
  });
});

describe("declared columns", () => {
  const columns = {
    id: { type: "int" },
    big: { type: "bigint" },
    price: { type: "decimal" },
    at: { type: "timestamp" },
    flag: { type: "boolean" },
  } as const;

  test("give values of their types", () => {
    const line =
      '{"id":1,"big":12345678901234567890,"price":0.10,"at":"2024-05-06T07:08:09Z","flag":"yes","other":1.50}';
    expect(readAll(decode(line, { columns }))).toEqual([
      {
        id: 1,
        big: 12345678901234567890n,
        price: "0.10",
        at: new Date("2024-05-06T07:08:09Z"),
        flag: true,
        other: 1.5,
      },
    ]);
  });

  test("find the digits behind nested values, escaped keys and duplicates", () => {
    const line = String.raw`{"x":{"price":[1,"]}\""]},"price":1,"\u0070rice":  2.00 ,"big":"7"}`;
    expect(readAll(decode(line, { columns }))).toEqual([{ x: { price: [1, ']}"'] }, price: "2.00", big: 7n }]);
  });

  test("leave absent absent and null null", () => {
    expect(readAll(decode('{"id":null}', { columns }))).toEqual([{ id: null }]);
  });

  test("are not found in what every object inherits", () => {
    const inherited = { constructor: { type: "int" }, toString: { type: "int" } } as const;
    expect(readAll(decode('{"toString":5}', { columns: inherited }))).toEqual([{ toString: 5 }]);
  });

  test.each([
    ['{"id":1.5}', 'VALUE_INVALID: "id": expected a whole number', "found 1.5"],
    ['{"id":9007199254740993}', 'VALUE_INVALID: "id": expected', "found 9007199254740993"],
    ['{"id":"12x"}', 'VALUE_INVALID: "id": expected', 'found "12x"'],
    ['{"at":"tomorrow"}', 'VALUE_INVALID: "at": expected a timestamp', 'found "tomorrow"'],
    ['{"price":[1]}', 'VALUE_INVALID: "price": expected a decimal number', "found [1]"],
    [`{"id":"${"9".repeat(100)}"}`, "VALUE_INVALID", `found "${"9".repeat(60)}..."`],
    ["[1]", "NOT_AN_OBJECT: the record is an array", "declared columns"],
    ["null", "NOT_AN_OBJECT: the record is null", ""],
    ["5", "NOT_AN_OBJECT: the record is a number", ""],
  ])("refuse %s", (line, begin, end) => {
    const { code, message } = faultOf(line, { columns });
    expect(`${code}: ${message}`.startsWith(begin)).toBe(true);
    expect(message).toContain(end);
  });

  test("refuse null and absent fields that are declared nullable: false", () => {
    const required = { id: { type: "int", nullable: false } } as const;
    expect(faultOf('{"id":null}', { columns: required })).toEqual({
      code: "VALUE_NULL",
      message: '"id": null in a column that is declared nullable: false',
    });
    expect(faultOf("{}", { columns: required }).message).toBe(
      '"id": missing, and it is a column that is declared nullable: false',
    );
  });
});

describe("SourceFields", () => {
  function only(line: string, columns = {}) {
    const batch = decode(line, { columns });
    const read = batch.read(0);
    const record = ("record" in read ? read.record : undefined) as Record<string, unknown>;
    const fields = batch.current;
    const text = (name: string) => {
      const span = fields.span(fields.indexOf(name));
      return span && { ...span, text: Buffer.from(fields.bytes).toString("utf8", span.begin, span.end) };
    };
    return {
      record,
      fields,
      text,
      isUntouched: (name: string, value: unknown) => fields.isUntouched(fields.indexOf(name), value),
    };
  }

  test("names its fields and knows their text", () => {
    const { fields, text } = only(String.raw` { "a" : 1.50 , "b":"x\ny", "c":[1, {"d":"}"}],"é":null} `);
    expect(fields.names).toEqual(["a", "b", "c", "é"]);
    expect(fields.indexOf("zzz")).toBe(-1);
    expect(text("a")).toMatchObject({ text: "1.50", quoted: false, escaped: false });
    expect(text("b")).toMatchObject({ text: String.raw`x\ny`, quoted: true, escaped: true });
    expect(text("c")).toMatchObject({ text: '[1, {"d":"}"}]', quoted: false });
    expect(text("é")).toMatchObject({ text: "null" });
    expect(fields.isNull(3)).toBe(true);
    expect(fields.isNull(0)).toBe(false);
  });

  test("finds fields whose keys are numbers, which objects list first", () => {
    const { fields, text } = only('{"b":1,"2":2,"1":3}');
    expect(fields.names).toEqual(["1", "2", "b"]);
    expect([text("1")?.text, text("2")?.text, text("b")?.text]).toEqual(["3", "2", "1"]);
  });

  test("finds as many fields as there are", () => {
    const line = JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`field${i}`, i])));
    expect(only(line).text("field99")?.text).toBe("99");
  });

  test("knows what is untouched", () => {
    const { record, isUntouched } = only('{"n":1,"s":"x","o":{"k":[1]},"z":null}');
    expect(isUntouched("n", 1)).toBe(true);
    expect(isUntouched("n", "1")).toBe(false);
    expect(isUntouched("s", "x")).toBe(true);
    expect(isUntouched("z", null)).toBe(true);
    expect(isUntouched("o", record["o"])).toBe(true);
    expect(isUntouched("o", { k: [1] })).toBe(false);
    (record["o"] as { k: unknown[] }).k.push(2);
    expect(isUntouched("o", record["o"])).toBe(false);
    (record["o"] as { k: unknown[] }).k = [2n];
    expect(isUntouched("o", record["o"])).toBe(false);
  });

  test("knows what is untouched although the transform changed the record itself", () => {
    const { record, isUntouched } = only('{"n":1}');
    record["n"] = 2;
    expect(isUntouched("n", 2)).toBe(false);
    expect(isUntouched("n", 1)).toBe(true);
  });

  test("keeps the notation of typed fields where every sink reads it", () => {
    const columns = {
      at: { type: "timestamp" },
      local: { type: "timestamp", timezone: "Europe/Berlin" },
      price: { type: "decimal" },
      id: { type: "int" },
      data: { type: "bytes" },
    };
    const line =
      '{"at":"2024-05-06T07:08:09.123456Z","local":"2024-05-06T07:08:09","price":0.10,"id":"5","data":"aGk="}';
    const { record, text, isUntouched } = only(line, columns);
    expect(text("at")?.text).toBe("2024-05-06T07:08:09.123456Z");
    expect(text("local")).toBeUndefined();
    expect(text("price")?.text).toBe("0.10");
    expect(text("id")).toBeUndefined();
    expect(isUntouched("data", record["data"])).toBe(false);
    expect(isUntouched("at", record["at"])).toBe(true);
    (record["at"] as Date).setTime(0);
    expect(isUntouched("at", record["at"])).toBe(false);
  });

  test("gives the bytes of a whole record as long as nothing in it was changed", () => {
    const { record, fields } = only(' {"n": 1, "o": {"k": 1}}');
    expect(fields.whole(record)).toEqual({ begin: 0, end: 24 });
    expect(fields.whole({ ...record })).toBeUndefined();
    (record["o"] as { k: unknown }).k = 2;
    expect(fields.whole(record)).toBeUndefined();
    (record["o"] as { k: unknown }).k = 1;
    expect(fields.whole(record)).toBeDefined();
    record["more"] = 1;
    expect(fields.whole(record)).toBeUndefined();
  });

  test("gives the bytes of records that are no objects", () => {
    const array = only("[1,2]");
    expect(array.fields.whole(array.record)).toEqual({ begin: 0, end: 5 });
    (array.record as unknown as number[]).push(3);
    expect(array.fields.whole(array.record)).toBeUndefined();
    const number = only("1e3");
    expect(number.fields.whole(1000)).toEqual({ begin: 0, end: 3 });
    expect(number.fields.whole(1)).toBeUndefined();
  });

  test("gives no whole record where a typed field has to be written anew", () => {
    const columns = { at: { type: "timestamp", timezone: "Europe/Berlin" } };
    const zoned = only('{"at":"2024-05-06T07:08:09Z"}', columns);
    expect(zoned.fields.whole(zoned.record)).toBeDefined();
    const local = only('{"at":"2024-05-06T07:08:09"}', columns);
    expect(local.fields.whole(local.record)).toBeUndefined();
  });
});
