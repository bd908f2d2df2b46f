/** Records that are passed on unread; that they become what they would have become is for `test/property/passing`. */
import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { EncodeSpec } from "../../../../src/core/ports/format.ts";
import { formatByName } from "../../../../src/formats/catalog.ts";
import { isNumber, isWholeNumber } from "../../../../src/formats/generated/plain-number.ts";
import { GrowingBytes } from "../../../../src/formats/growing-bytes.ts";
import { encodeSpec, sharedBytes } from "../json-lines.ts";

type Fields = readonly (readonly [name: string, type: string])[];

/** What the rows become that need not be read; null for one that has to be. */
function passed(fields: Fields, rows: readonly string[], sink: EncodeSpec = encodeSpec("jsonl", null)) {
  const decode = { format: "pg-copy", options: { fields }, columns: {}, maxRecordBytes: 1000 };
  const text = rows.map((row) => `${row}\n`);
  const ends = Int32Array.from(text, (_, row) => Buffer.byteLength(text.slice(0, row + 1).join("")));
  const request = { bytes: sharedBytes(text.join("")), final: true, truncated: false, ends };
  const batch = formatByName("pg-copy").decoder(decode).decode(request);
  const encoder = formatByName(sink.format).encoder(sink);
  return rows.map((_, record) => {
    const to = new GrowingBytes(new SharedArrayBuffer(0));
    const isPassed = batch.place?.(record) === true && encoder.pass?.(batch.current, to) === true;
    return isPassed ? to.bytes.toString("latin1", 0, to.length) : null;
  });
}

describe("RowPassers", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("write the fields' bytes, with names that are data and nothing else", () => {
    const fields: Fields = [
      ['"];x=1//', "integer"],
      ["${x}", "text"],
      ["__proto__", "boolean"],
    ];
    expect(passed(fields, [String.raw`7	a"b	t`, String.raw`\N	\N	\N`])).toEqual([
      String.raw`{"\"];x=1//":7,"${"${x}"}":"a\"b","__proto__":true}` + "\n",
      String.raw`{"\"];x=1//":null,"${"${x}"}":null,"__proto__":null}` + "\n",
    ]);
  });

  test("leave what has another width or is too long, and throw at what is none of its type", () => {
    const rows = ["1\t2", "1", `1\t${"y".repeat(1000)}`];
    const fields: Fields = [
      ["a", "integer"],
      ["b", "text"],
    ];
    expect(passed(fields, rows).map((row) => row !== null)).toEqual([true, false, false]);
    expect(() => passed(fields, ["x\ty"])).toThrow(expect.objectContaining({ code: "VALUE_INVALID" }));
  });

  test("leave all where the process forbids generated code, or a field is no column", () => {
    const fields: Fields = [["a", "text"]];
    expect(passed(fields, ["x"], encodeSpec("jsonl", [{ name: "b" }]))).toEqual([null]);
    vi.stubGlobal("Function", function forbidden() {
      throw new EvalError("Code generation from strings disallowed for this context");
    });
    expect(passed(fields, ["x"])).toEqual([null]);
  });

  test("make rows of binary COPY of columns of the same types, and leave what only a value tells", () => {
    const fields: Fields = [["a", "integer"]];
    const into = (type: string) => encodeSpec("pg-copy-binary", [{ name: "a", type }]);
    expect(passed(fields, ["258"], into("int4"))).toEqual(["\0\u0001\0\0\0\u0004\0\0\u0001\u0002"]);
    expect(passed(fields, ["258"], into("jsonb"))).toEqual([null]);
    expect(passed(fields, ["258"], into("_int4"))).toEqual([null]);
  });
});

describe("isNumber() and isWholeNumber()", () => {
  test("say so of JSON's numbers alone", () => {
    const characters = fc.constantFrom(..."0019-+.eE ".split(""), "NaN");
    const likely = fc.oneof(fc.double().map(String), fc.integer().map(String), fc.bigInt().map(String));
    fc.assert(
      fc.property(
        fc.oneof(
          likely,
          fc.array(characters).map((some) => some.join("")),
        ),
        (text) => {
          const bytes = Buffer.from(`${text}5`);
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
          const isJson = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text);
          if (isNumber(view, 0, text.length)) expect([isJson, Number.isFinite(Number(text))]).toEqual([true, true]);
          if (isWholeNumber(view, 0, text.length)) {
            expect([isJson, Number.isSafeInteger(Number(text))]).toEqual([true, true]);
          }
          const isUsual = isJson && text.length < 20 && !/e.?\d{3}/.test(text);
          expect(isNumber(view, 0, text.length) || !isUsual).toBe(true);
        },
      ),
    );
  });
});
