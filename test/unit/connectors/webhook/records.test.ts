import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BodyFormat, bordersOf } from "../../../../src/connectors/webhook/records.ts";

function textsOf(body: string, format: BodyFormat): readonly string[] {
  const bytes = Buffer.from(body);
  const borders = bordersOf(bytes, format);
  return Array.from({ length: borders.length / 2 }, (_, at) =>
    bytes.toString("utf8", borders[2 * at], borders[2 * at + 1]),
  );
}

describe("bordersOf()", () => {
  test("finds the lines of JSON lines that are not blank, whatever they hold", () => {
    const piece = fc.oneof(fc.json(), fc.constantFrom("", " ", "\t", "\r", "\n", "\r\n", "x\ry", "{"), fc.string());
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const body = pieces.join("\n");
        const lines = body.replace(/^\uFEFF/, "").split("\n");
        expect(textsOf(body, "jsonl")).toEqual(
          lines.map((line) => line.replace(/\r$/, "")).filter((line) => !/^[ \t\r]*$/.test(line)),
        );
      }),
    );
  });

  test("finds the elements of an array, or the one value, as their bytes stood there", () => {
    const blanks = fc.constantFrom("", " ", "\n", "\r\n\t");
    const value = fc.oneof(fc.json(), fc.constantFrom("1.50", "12345678901234567890", '"\\u0041,]"'));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 6 }), blanks, (values, blank) => {
        const array = `${blank}[${blank}${values.join(`${blank},${blank}`)}${blank}]${blank}`;
        expect(textsOf(array, "json")).toEqual(values.map((text) => text.trim()));
        for (const one of values.filter((text) => !text.startsWith("[")))
          expect(textsOf(`${blank}${one}${blank}`, "json")).toEqual([one]);
      }),
    );
  });

  test("makes one record of what is no JSON, which is a reject then", () => {
    for (const body of ["{", "[1,2", "nothing"]) expect(textsOf(body, "json")).toEqual([body]);
  });
});
