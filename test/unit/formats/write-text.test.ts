import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { isoText, postgresDate, postgresText } from "../../../src/formats/values/iso-text.ts";
import { jsonText } from "../../../src/formats/values/json-text.ts";
import { valueText } from "../../../src/formats/values/write-text.ts";

const invalid = (code: "VALUE_INVALID" | "JSON_TOO_DEEP", text: string) =>
  expect.toSatisfy((thrown) => isMillraceError(thrown, code) && thrown.message.includes(text), `${code} with ${text}`);

describe("valueText()", () => {
  test.each([
    ["a\tb", "a\tb"],
    ["", ""],
    [0.1, "0.1"],
    [-0, "0"],
    [1e21, "1e+21"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
    [12345678901234567890n, "12345678901234567890"],
    [true, "true"],
    [false, "false"],
    [[1, "a"], '[1,"a"]'],
    [{ a: 1n }, '{"a":1}'],
    [{ toJSON: () => "12.50" }, "12.50"],
    [{ toJSON: () => ({ b: 2 }) }, '{"b":2}'],
    [new Date("2024-05-06T07:08:09.010Z"), "2024-05-06T07:08:09.010Z"],
  ])("writes %#", (value, text) => {
    expect(valueText(value, "c", "portable")).toBe(text);
    expect(valueText(value, "c", "postgres")).toBe(text);
  });

  test("writes bytes in the notation that is wanted, also out of shared memory", () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(4), 1, 2);
    bytes.set([104, 105]);
    expect(valueText(bytes, "c", "portable")).toBe("aGk=");
    expect(valueText(bytes, "c", "postgres")).toBe(String.raw`\x6869`);
  });

  test("refuses what has no text, and names the column", () => {
    const write = (value: unknown) => () => valueText(value, "total", "portable");
    expect(write(Symbol("x"))).toThrow(invalid("VALUE_INVALID", 'column "total": a symbol'));
    expect(write(() => 1)).toThrow(invalid("VALUE_INVALID", 'column "total": a function'));
    expect(write(new Date(Number.NaN))).toThrow(invalid("VALUE_INVALID", 'column "total": the Date is invalid'));
  });
});

describe("isoText()", () => {
  test.each([
    0, 1, -1, 1714979289010, -62167219200000, 253402300799999, 253402300800000, -62167219200001, 8.64e15, -8.64e15,
  ])("writes %d as Date.toISOString() does", (instant) =>
    expect(isoText(instant)).toBe(new Date(instant).toISOString()),
  );
});

describe("postgresText()", () => {
  test.each([
    ["2024-05-06T07:08:09.010Z", "2024-05-06T07:08:09.010Z"],
    ["+010000-01-01T00:00:00.000Z", "10000-01-01T00:00:00.000Z"],
    ["0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"],
    ["0000-12-31T00:00:00.000Z", "0001-12-31T00:00:00.000Z BC"],
    ["-000043-03-15T12:00:00.000Z", "0044-03-15T12:00:00.000Z BC"],
  ])("writes %s as %s", (iso, text) => {
    expect(postgresText(Date.parse(iso))).toBe(text);
    expect(postgresDate(Date.parse(iso))).toBe(text.replace(/T[^ ]*/, ""));
  });
});

describe("jsonText()", () => {
  test.each([
    null,
    true,
    'a"\\\n\u2028\ud800',
    1.5e-7,
    [],
    {},
    [1, [2, { a: [] }]],
    { a: undefined, b: null, c: [undefined], 'k"': 1 },
    { at: new Date(0) },
    JSON.parse('{"__proto__": {"x": 1}}'),
    { toJSON: () => ({ a: 1 }) },
  ])("writes %# as JSON.stringify() does", (value) => expect(jsonText(value, "c")).toBe(JSON.stringify(value)));

  test("writes what JSON.stringify() cannot, or not so that it can be read back", () => {
    expect(jsonText({ big: 12345678901234567890n }, "c")).toBe('{"big":12345678901234567890}');
    expect(jsonText({ bytes: new Uint8Array([104, 105]) }, "c")).toBe('{"bytes":"aGk="}');
    expect(jsonText(undefined, "c")).toBe("null");
  });

  test("loses nothing silently", () => {
    const write = (value: unknown) => () => jsonText({ deep: [value] }, "c");
    expect(write(Number.NaN)).toThrow(invalid("VALUE_INVALID", 'column "c": NaN'));
    expect(write(Number.POSITIVE_INFINITY)).toThrow(invalid("VALUE_INVALID", "Infinity"));
    expect(write(new Map([[1, 2]]))).toThrow(invalid("VALUE_INVALID", "Object.fromEntries"));
    expect(write(new Date(Number.NaN))).toThrow(invalid("VALUE_INVALID", "Date"));
    expect(write(() => 1)).toThrow(invalid("VALUE_INVALID", "function"));
  });

  test("refuses a value that contains itself", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(() => jsonText(loop, "c")).toThrow(invalid("JSON_TOO_DEEP", "contains itself"));
  });
});
