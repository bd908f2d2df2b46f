import { describe, expect, test } from "vitest";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { csvSource, decode, encodeAll, encodeOne, encodeSpec } from "./json-lines.ts";

const free = () => jsonLinesFormat.encoder(encodeSpec("jsonl", null));
const withColumns = (names: readonly string[], ignoreUnknown = false) =>
  jsonLinesFormat.encoder(
    encodeSpec(
      "jsonl",
      names.map((name) => ({ name })),
      ignoreUnknown,
    ),
  );
const through = (line: string, transform: (record: never) => unknown, columns = {}) =>
  encodeAll(decode(line, { columns }), free(), transform);

describe("JsonLinesEncoder", () => {
  test("has no head", () => {
    expect(free().head).toHaveLength(0);
  });

  test.each([
    null,
    true,
    1.5,
    "a\u2028",
    [],
    [1, { a: [null] }],
    {},
    { a: 1, b: "x", c: null, d: true, e: { f: [1, 2] } },
    { 'quote"d': 1, "": 2, é: 3 },
    JSON.parse('{"__proto__":1,"constructor":2}'),
    Object.assign(Object.create(null), { a: 1 }),
    { a: undefined, b: 1 },
    { at: new Date(1) },
  ])("writes %j as JSON.stringify() does, on one line", (output) => {
    expect(encodeOne(free(), output)).toBe(`${JSON.stringify(output)}\n`);
  });

  test("escapes every character as JSON.stringify() does", () => {
    const characters = Array.from({ length: 0x250 }, (_, code) => String.fromCharCode(code)).join("");
    const text = `${characters}\ud800 \udc00\ud83d\ude00€ ${"long ".repeat(500)}\ud83d\ude00`;
    expect(encodeOne(free(), { text })).toBe(`${JSON.stringify({ text })}\n`);
    for (const length of [510, 511, 512, 513]) {
      const border = `${"x".repeat(length)}\ud83d\ude00\ud83d`;
      expect(encodeOne(free(), { border })).toBe(`${JSON.stringify({ border })}\n`);
    }
  });

  test("writes what JSON has no type for", () => {
    expect(encodeOne(free(), { big: 12345678901234567890n })).toBe('{"big":12345678901234567890}\n');
    expect(encodeOne(free(), { bytes: new Uint8Array([104, 105]) })).toBe('{"bytes":"aGk="}\n');
    expect(encodeOne(free(), new Date(0))).toBe('"1970-01-01T00:00:00.000Z"\n');
  });

  test("writes instances of classes by their own fields or their toJSON", () => {
    class Money {
      readonly amount = 5;
      toJSON() {
        return `${this.amount} EUR`;
      }
    }
    expect(encodeOne(free(), new Money())).toBe('"5 EUR"\n');
    expect(encodeOne(free(), { price: new Money() })).toBe('{"price":"5 EUR"}\n');
  });

  test.each([
    [{ total: Number.NaN }, 'VALUE_INVALID: column "total": NaN'],
    [{ total: () => 1 }, 'VALUE_INVALID: column "total": a function'],
    [{ total: new Date(Number.NaN) }, 'VALUE_INVALID: column "total": the Date is invalid'],
    [{ total: new Map() }, 'VALUE_INVALID: column "total": a Map'],
  ])("refuses what would be lost (%#)", (output, told) => {
    expect(encodeOne(free(), output)).toContain(told);
  });
});

describe("JsonLinesEncoder with columns", () => {
  test("writes those keys in their order and leaves absent ones out", () => {
    const encoder = withColumns(["b", "a", "constructor"]);
    expect(encodeOne(encoder, { a: 1, b: 2 })).toBe('{"b":2,"a":1}\n');
    expect(encodeOne(encoder, { a: null })).toBe('{"a":null}\n');
    expect(encodeOne(encoder, {})).toBe("{}\n");
  });

  test("refuses a key outside and outputs without fields", () => {
    const encoder = withColumns(["a"]);
    expect(encodeOne(encoder, { a: 1, b: 2 })).toContain('FIELD_UNKNOWN: field "b" is no column of the sink');
    expect(encodeOne(encoder, { a: 1, b: undefined })).toBe('{"a":1}\n');
    expect(encodeOne(encoder, [1])).toContain("NOT_AN_OBJECT: the output is an array");
    expect(encodeOne(encoder, null)).toContain("NOT_AN_OBJECT: the output is null");
    expect(encodeOne(encoder, 5)).toContain("NOT_AN_OBJECT: the output is a number");
  });

  test("ignores a key outside when it is told to", () => {
    expect(encodeOne(withColumns(["a"], true), { a: 1, b: 2 })).toBe('{"a":1}\n');
  });

  test("refuses a key outside also behind many good rows", () => {
    const encoder = withColumns(["a", "b"]);
    for (let i = 0; i < 3; i++) expect(encodeOne(encoder, { a: i, b: i })).toBe(`{"a":${i},"b":${i}}\n`);
    expect(encodeOne(encoder, { a: 1, c: 1 })).toContain('"c"');
  });
});

describe("JSON lines to JSON lines", () => {
  test("passes untouched lines on byte for byte", () => {
    const lines = ' {"n": 12345678901234567890, "x":1.50}\n[1.0, 2]\n"\\u0041"\n{"a":1,"a":2}\n';
    expect(through(lines, (record) => record)).toBe(lines);
  });

  test("passes a frame on without its line ends", () => {
    const content = '{"a":\n[1,\n2]}';
    const batch = decode(content, { ends: [content.length] });
    expect(encodeAll(batch, free())).toBe('{"a": [1, 2]}\n');
    expect(encodeAll(batch, free(), (record: object) => ({ ...record }))).toBe('{"a":[1, 2]}\n');
  });

  test("keeps the bytes of untouched fields", () => {
    const line = String.raw`{"n": 1.50, "s":"\u0041", "o":{ "k": 12345678901234567890 }, "t":true, "z":null}`;
    expect(through(line, (record: object) => ({ ...record, more: 1 }))).toBe(
      String.raw`{"n":1.50,"s":"\u0041","o":{ "k": 12345678901234567890 },"t":true,"z":null,"more":1}` + "\n",
    );
  });

  test("writes a touched field anew", () => {
    expect(
      through('{"n":1.50,"o":{"k": 1}}', (record: { n: number; o: { k: number } }) => {
        record.o.k = 2;
        return { n: record.n + 1, o: record.o };
      }),
    ).toBe('{"n":2.5,"o":{"k":2}}\n');
  });

  test("keeps digits and microseconds of typed fields, and writes other notations as ISO", () => {
    const columns = {
      at: { type: "timestamp" },
      local: { type: "timestamp", timezone: "Europe/Berlin" },
      price: { type: "decimal" },
      big: { type: "bigint" },
    };
    const line =
      '{"at":"2024-05-06T07:08:09.123456Z","local":"2024-05-06T07:08:09","price":0.10,"big":12345678901234567890}';
    const expected = line.replace('"2024-05-06T07:08:09"', '"2024-05-06T05:08:09.000Z"');
    expect(through(line, (record) => record, columns)).toBe(`${expected}\n`);
  });

  test("follows records whose fields change from line to line", () => {
    const lines = '{"a":1,"b":2}\n{"b":3.0,"a":4.0}\n{"c":"x"}\n{"a":5.0,"b":6.0}\n';
    const expected = '{"b":2,"a":1}\n{"b":3.0,"a":4.0}\n{}\n{"b":6.0,"a":5.0}\n';
    const batch = decode(lines);
    const pick = ({ a, b }: { a?: number; b?: number }) => ({ b, a });
    expect(encodeAll(batch, free(), pick)).toBe(expected);
    expect(encodeAll(batch, withColumns(["b", "a"]), pick)).toBe(expected);
  });
});

describe("CSV to JSON lines", () => {
  const at = new Date("2024-05-06T07:08:09.123Z");
  const tags = { k: [1] };

  test("writes untouched fields from their text", () => {
    const source = csvSource([
      { name: "id", text: "7", value: 7 },
      { name: "big", text: "12345678901234567890", value: 12345678901234567890n },
      { name: "price", text: "0.10", value: "0.10" },
      { name: "note", text: 'say ""é"",\n\tok', value: 'say "é",\n\tok', escaped: true, quoted: true },
      { name: "ok", text: "true", value: true },
      { name: "at", text: "2024-05-06T07:08:09.123456Z", value: at },
      { name: "tags", text: '{""k"":\n[1.0]}', value: tags, escaped: true, quoted: true },
      { name: "none", text: "", value: null },
    ]);
    const output = {
      id: 7,
      big: 12345678901234567890n,
      price: "0.10",
      note: 'say "é",\n\tok',
      ok: true,
      at,
      tags,
      none: null,
    };
    expect(encodeOne(free(), output, source)).toBe(
      String.raw`{"id":7,"big":12345678901234567890,"price":"0.10","note":"say \"é\",\n\tok","ok":true,` +
        '"at":"2024-05-06T07:08:09.123456Z","tags":{"k": [1.0]},"none":null}\n',
    );
  });

  test("writes fields whose text is not plain from their value, and refuses what JSON lacks", () => {
    const source = csvSource([
      { name: "ok", text: "yes", value: true, plain: false },
      { name: "rate", text: "Infinity", value: Number.POSITIVE_INFINITY },
    ]);
    expect(encodeOne(free(), { ok: true }, source)).toBe('{"ok":true}\n');
    expect(encodeOne(free(), { rate: Number.POSITIVE_INFINITY }, source)).toContain("VALUE_INVALID");
  });
});
