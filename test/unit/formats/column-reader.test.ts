import { describe, expect, test } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { COLUMN_TYPES, type Column } from "../../../src/core/record.ts";
import { columnReader, INVALID } from "../../../src/formats/values/column-reader.ts";

const read = (column: Column["type"] | Column, text: string) =>
  columnReader(typeof column === "string" ? { type: column } : column).read(text);
const readJson = (type: Column["type"], value: unknown, digits?: string) =>
  columnReader({ type }).readJson(value, digits);
const plain = (type: Column["type"], text: string) => columnReader({ type }).plain(text);

describe("columnReader()", () => {
  test.each(COLUMN_TYPES)("has a reader for %s that says what it expects", (type) => {
    expect(columnReader({ type }).expected).toMatch(/^\p{L}/u);
  });

  test.each(["int", "bigint", "float", "decimal", "boolean", "date", "timestamp", "uuid", "json"] as const)(
    "refuses an empty text and blanks around a value as %s",
    (type) => {
      expect(read(type, "")).toBe(INVALID);
      if (type !== "json") expect(read(type, " 1")).toBe(INVALID);
    },
  );
});

describe("int", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["+7", 7],
    ["007", 7],
    ["-42", -42],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["-9007199254740991", Number.MIN_SAFE_INTEGER],
  ])("reads %s", (text, value) => expect(read("int", text)).toBe(value));

  test.each(["9007199254740992", "99999999999999999999", "1.0", "1e3", "0x1f", "1_000", "-", "+", "--1", "one", "१"])(
    "refuses %s",
    (text) => expect(read("int", text)).toBe(INVALID),
  );

  test("reads JSON numbers and strings, and rounds neither", () => {
    expect(readJson("int", 5)).toBe(5);
    expect(readJson("int", "5")).toBe(5);
    expect(readJson("int", 5.5)).toBe(INVALID);
    expect(readJson("int", 2 ** 53)).toBe(INVALID);
    expect(readJson("int", true)).toBe(INVALID);
  });

  test("is plain only in canonical notation", () => {
    expect(["0", "-1", "12"].every((text) => plain("int", text))).toBe(true);
    expect(["+1", "007", ""].some((text) => plain("int", text))).toBe(false);
  });
});

describe("bigint", () => {
  test("reads any number of digits", () => {
    expect(read("bigint", "123456789012345678901234567890")).toBe(123456789012345678901234567890n);
    expect(read("bigint", "-1")).toBe(-1n);
    expect(read("bigint", "1.5")).toBe(INVALID);
    expect(plain("bigint", "-12")).toBe(true);
  });

  test("reads a JSON number from its digits", () => {
    expect(readJson("bigint", 2 ** 63, "12345678901234567890")).toBe(12345678901234567890n);
    expect(readJson("bigint", 7)).toBe(7n);
    expect(readJson("bigint", "8")).toBe(8n);
    expect(readJson("bigint", 1.5, "1.5")).toBe(INVALID);
    expect(readJson("bigint", {})).toBe(INVALID);
  });
});

describe("float", () => {
  test.each([
    ["1", 1],
    ["-1.50", -1.5],
    [".5", 0.5],
    ["5.", 5],
    ["+1e3", 1000],
    ["1E-2", 0.01],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["+inf", Number.POSITIVE_INFINITY],
    ["-INF", Number.NEGATIVE_INFINITY],
  ])("reads %s", (text, value) => expect(read("float", text)).toBe(value));

  test.each(["1,5", "0x10", "1e", "e5", ".", "1e999", "infinite", "1 "])("refuses %s", (text) =>
    expect(read("float", text)).toBe(INVALID),
  );

  test("reads JSON numbers and strings", () => {
    expect(readJson("float", 1.5)).toBe(1.5);
    expect(readJson("float", "1.5")).toBe(1.5);
    expect(readJson("float", null)).toBe(INVALID);
  });

  test("is plain where JSON would write it so", () => {
    expect(["0.10", "1e5", "-3"].every((text) => plain("float", text))).toBe(true);
    expect([".5", "5.", "+1", "NaN", "01"].some((text) => plain("float", text))).toBe(false);
  });
});

describe("decimal", () => {
  test.each([
    ["12.50", "12.50"],
    ["-0.000", "-0.000"],
    ["007.10", "007.10"],
    ["+5", "5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["1.5e-3", "0.0015"],
    ["-1.25e1", "-12.5"],
    ["1.5e3", "1500"],
    ["0.015e3", "15"],
    ["0e5", "0"],
    ["99999999999999999999.99999999999999999999", "99999999999999999999.99999999999999999999"],
  ])("reads %s as %s", (text, value) => expect(read("decimal", text)).toBe(value));

  test.each(["NaN", "1,5", "1e9999", ".", "-", "1.2.3", "Infinity"])("refuses %s", (text) =>
    expect(read("decimal", text)).toBe(INVALID),
  );

  test("reads a JSON number from its digits", () => {
    expect(readJson("decimal", 0.1, "0.10")).toBe("0.10");
    expect(readJson("decimal", 0.1)).toBe("0.1");
    expect(readJson("decimal", "2.50")).toBe("2.50");
    expect(readJson("decimal", false)).toBe(INVALID);
  });

  test("answers a long text in time that grows with its length", () => {
    expect(read("decimal", `${"1".repeat(500_000)}x`)).toBe(INVALID);
    expect(read("float", `${"1".repeat(500_000)}x`)).toBe(INVALID);
  });

  test("is plain unless its text was changed", () => {
    expect(plain("decimal", "0.10")).toBe(true);
    expect(plain("decimal", "1e5")).toBe(false);
  });
});

describe("boolean", () => {
  test.each(["true", "t", "yes", "y", "on", "1", "TRUE", "Yes"])("reads %s as true", (text) =>
    expect(read("boolean", text)).toBe(true),
  );
  test.each(["false", "f", "no", "n", "off", "0", "OFF"])("reads %s as false", (text) =>
    expect(read("boolean", text)).toBe(false),
  );

  test("refuses other words, and JSON numbers", () => {
    expect(read("boolean", "2")).toBe(INVALID);
    expect(readJson("boolean", true)).toBe(true);
    expect(readJson("boolean", "no")).toBe(false);
    expect(readJson("boolean", 1)).toBe(INVALID);
  });

  test("is plain as true and false", () => {
    expect(plain("boolean", "true")).toBe(true);
    expect(plain("boolean", "t")).toBe(false);
  });
});

describe("uuid and string", () => {
  const id = "6F1C2A4E-0b6d-4d0e-9a55-3f8f6d3c1b7a";

  test("keep the text", () => {
    expect(read("uuid", id)).toBe(id);
    expect(read("string", " a ")).toBe(" a ");
    expect(plain("uuid", id)).toBe(true);
  });

  test.each(["6f1c2a4e0b6d4d0e9a553f8f6d3c1b7a", `{${id}}`, `${id}0`, "g".repeat(36)])("refuse %s as a uuid", (text) =>
    expect(read("uuid", text)).toBe(INVALID),
  );

  test("refuse JSON values of other types", () => {
    expect(readJson("string", "a")).toBe("a");
    expect(readJson("string", 5)).toBe(INVALID);
    expect(readJson("uuid", id)).toBe(id);
    expect(readJson("uuid", 5)).toBe(INVALID);
  });
});

describe("json", () => {
  test("reads any JSON text", () => {
    expect(read("json", ' {"a": [1, null]}')).toEqual({ a: [1, null] });
    expect(read("json", '"x"')).toBe("x");
    expect(read("json", "{a: 1}")).toBe(INVALID);
    expect(readJson("json", [1])).toEqual([1]);
  });

  test("refuses more than 1,000 levels", () => {
    const nested = (depth: number) => `${"[".repeat(depth)}"]["${"]".repeat(depth)}`;
    expect(read("json", nested(1_000))).not.toBe(INVALID);
    expect(read("json", nested(1_001))).toBe(INVALID);
  });

  test("does not count brackets in strings", () => {
    expect(read("json", `"${String.raw`\"`}${"[".repeat(3_000)}${String.raw`\\`}"`)).not.toBe(INVALID);
    expect(read("json", `"${"[".repeat(3_000)}`)).toBe(INVALID);
  });

  test("is plain unless it is a string, which a sink would quote", () => {
    expect(plain("json", '{"a":1}')).toBe(true);
    expect(plain("json", "12345678901234567890")).toBe(true);
    expect(plain("json", '"a"')).toBe(false);
    expect(plain("json", ' "a"')).toBe(false);
  });
});

describe("bytes", () => {
  test("reads base64 and hexadecimal digits", () => {
    expect(read("bytes", "aGk=")).toEqual(new Uint8Array([104, 105]));
    expect(read("bytes", "aGk")).toEqual(new Uint8Array([104, 105]));
    expect(read("bytes", String.raw`\x6869`)).toEqual(new Uint8Array([104, 105]));
    expect(read("bytes", "")).toEqual(new Uint8Array(0));
    expect(read("bytes", "aGk=")).not.toBeInstanceOf(Buffer);
    expect(readJson("bytes", "aGk=")).toEqual(new Uint8Array([104, 105]));
  });

  test("reads a field of megabytes", () => {
    expect(read("bytes", "AAAA".repeat(4_000_000))).toHaveLength(12_000_000);
    expect(read("bytes", `${"AAAA".repeat(4_000_000)}!`)).toBe(INVALID);
    expect(read("bytes", `\\x${"00".repeat(4_000_000)}`)).toHaveLength(4_000_000);
  });

  test.each(["a", "aG=", "aGk==", "====", "aGk=x", "a-_b", String.raw`\x6`, String.raw`\xzz`])("refuses %s", (text) =>
    expect(read("bytes", text)).toBe(INVALID),
  );

  test("is never plain", () => {
    expect(readJson("bytes", 5)).toBe(INVALID);
    expect(plain("bytes", "aGk=")).toBe(false);
  });
});

describe("date", () => {
  test.each(["2024-02-29", "0001-01-01", "9999-12-31", "2000-02-29", "2023-04-30"])("reads %s", (text) =>
    expect(read("date", text)).toBe(text),
  );

  test.each([
    "2023-02-29",
    "1900-02-29",
    "2024-13-01",
    "2024-00-10",
    "2024-01-00",
    "2024-04-31",
    "0000-01-01",
    "2024-1-1",
  ])("refuses %s", (text) => expect(read("date", text)).toBe(INVALID));

  test.each(["2024/01/01", "20240101", "2024-01-01T00:00:00Z", "2024-01-0x"])("refuses %s", (text) =>
    expect(read("date", text)).toBe(INVALID),
  );

  test("reads declared formats in their order", () => {
    const column: Column = { type: "date", formats: ["dd.MM.yyyy", "ISO", "d MMM yy"] };
    expect(read(column, "31.12.2024")).toBe("2024-12-31");
    expect(read(column, "2024-12-31")).toBe("2024-12-31");
    expect(read(column, "1 Mar 69")).toBe("2069-03-01");
    expect(read(column, "1 mar 70")).toBe("1970-03-01");
    expect(read(column, "31.02.2024")).toBe(INVALID);
    expect(read(column, "1 Foo 70")).toBe(INVALID);
  });

  test("is plain as ISO text that no earlier format could have read", () => {
    expect(plain("date", "2024-12-31")).toBe(true);
    expect(columnReader({ type: "date", formats: ["ISO", "dd.MM.yyyy"] }).plain("31.12.2024")).toBe(false);
    expect(columnReader({ type: "date", formats: ["yyyy-dd-MM", "ISO"] }).plain("2024-10-11")).toBe(false);
    expect(readJson("date", "2024-12-31")).toBe("2024-12-31");
    expect(readJson("date", 20241231)).toBe(INVALID);
  });

  test("is refused with a pattern that means nothing", () => {
    const make = (format: string) => () => columnReader({ type: "date", formats: [format] });
    for (const format of ["yyyy-MM", "yyyy-MM-dd Q", "yyyy yyyy-MM-dd", "YYYY-MM-DD", ""]) {
      expect(make(format)).toThrow(expect.toSatisfy((thrown) => isMillraceError(thrown, "CONFIG_INVALID")));
    }
    expect(make("YYYY-MM-DD")).toThrow(/formats: "YYYY-MM-DD" is no date pattern: "YYYY" means nothing/);
  });
});
