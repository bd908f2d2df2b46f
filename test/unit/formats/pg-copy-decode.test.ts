import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DecodeSpec } from "../../../src/core/ports/format.ts";
import { jsonLinesFormat } from "../../../src/formats/jsonl/index.ts";
import { arrayOf } from "../../../src/formats/pg-copy/array-text.ts";
import { pgCopyFormat } from "../../../src/formats/pg-copy/index.ts";
import { encodeAll, encodeSpec, readAll, sharedBytes } from "./json-lines.ts";

type Fields = readonly (readonly [name: string, type: string])[];

/** Decodes rows, each of them with its line end. */
function decodeRows(fields: Fields, rows: readonly string[], spec: Partial<DecodeSpec> = {}) {
  const decoder = pgCopyFormat.decoder({
    format: "pg-copy",
    options: { fields },
    columns: {},
    maxRecordBytes: 1_048_576,
    ...spec,
  });
  const pieces = rows.map((row) => Buffer.from(`${row}\n`));
  let end = 0;
  const ends = Int32Array.from(pieces, (piece) => (end += piece.length));
  return decoder.decode({ bytes: sharedBytes(Buffer.concat(pieces)), final: true, truncated: false, ends });
}

/** The value of one field. */
const valueOf = (type: string, text: string): unknown => {
  const [record] = readAll(decodeRows([["c", type]], [text])) as { c: unknown }[];
  return record?.c;
};

describe("CopyTextDecoder", () => {
  test.each([
    ["integer", "-42", -42],
    ["bigint", "9007199254740993", 9007199254740993n],
    ["numeric(12,2)", "1.50", "1.50"],
    ["double precision", "NaN", Number.NaN],
    ["real", "1e+20", 1e20],
    ["boolean", "t", true],
    ["boolean", "f", false],
    ["date", "2024-02-29", "2024-02-29"],
    ["timestamp with time zone", "2024-02-29 12:34:56.123456+00", new Date("2024-02-29T12:34:56.123Z")],
    ["timestamp(3) without time zone", "2024-02-29 12:34:56.123", new Date("2024-02-29T12:34:56.123Z")],
    ["timestamp with time zone", "infinity", "infinity"],
    ["timestamp without time zone", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00 BC"],
    ["jsonb", '{"a": [1, null]}', { a: [1, null] }],
    ["jsonb", '"text"', '"text"'],
    ["json", "null", "null"],
    ["bytea", String.raw`\\x00ff`, Uint8Array.of(0, 255)],
    ["integer[]", "{1,NULL,{2}}", [1, null, [2]]],
    ["integer[]", "[0:1]={1,2}", "[0:1]={1,2}"],
    ["double precision[]", "{0.5,NaN}", [0.5, "NaN"]],
    ["mood", "so so", "so so"],
    ["integer", String.raw`\N`, null],
    ["text", "", ""],
    ["text", String.raw`\\N`, String.raw`\N`],
    ["text", String.raw`a\tb\nc\\d\\\\`, "a\tb\nc\\d\\\\"],
  ])("reads %s %s", (type, text, value) => {
    expect(valueOf(type, text)).toEqual(value);
  });

  test("reads what Postgres would escape, as text and as bytes that are handed on", () => {
    const text = fc.string({ unit: "binary" }).filter((one) => !one.includes("\0") && one.isWellFormed());
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.option(text), fc.option(text)), { minLength: 1, maxLength: 400 }), (rows) => {
        const fields: Fields = [
          ["a", "text"],
          ["b", "text"],
        ];
        const batch = decodeRows(
          fields,
          rows.map((row) => row.map(copyText).join("\t")),
        );
        const records = rows.map(([a, b]) => ({ a, b }));
        expect(readAll(batch)).toEqual(records);
        const lines = encodeAll(batch, jsonLinesFormat.encoder(encodeSpec("jsonl", null)));
        expect(
          lines
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as unknown),
        ).toEqual(records);
        const copied = encodeAll(
          batch,
          pgCopyFormat.encoder(
            encodeSpec(
              "pg-copy",
              fields.map(([name, type]) => ({ name, type })),
            ),
          ),
        );
        expect(copied).toBe(rows.map((row) => `${row.map(copyText).join("\t")}\n`).join(""));
      }),
      { numRuns: 30 },
    );
  });

  test("takes the declared columns, select and rename, and names what a bad value is", () => {
    const fields: Fields = [
      ["id", "bigint"],
      ["note", "text"],
      ["n", "integer"],
    ];
    const spec = { columns: { id: { type: "int" } }, select: ["n", "id"], rename: { n: "number" } } as const;
    expect(readAll(decodeRows(fields, ["1\tx\t2", "9007199254740993\tx\t2"], spec))).toEqual([
      { number: 2, id: 1 },
      "VALUE_INVALID",
    ]);
  });

  test("makes a fault of a row that has other columns by now, or is too long, and of no other", () => {
    const rows = ["1\t2", "1", `${"x".repeat(100)}\t1`];
    const fields: Fields = [
      ["a", "text"],
      ["b", "text"],
    ];
    const batch = decodeRows(fields, rows, { maxRecordBytes: 50 });
    expect(readAll(batch)).toEqual([{ a: "1", b: "2" }, "VALUE_INVALID", "RECORD_TOO_LARGE"]);
    expect([batch.start(1), batch.stop(1)]).toEqual([4, 5]);
  });
});

test("arrayOf() gives nothing for what is no array of Postgres", () => {
  const read = (text: string): string => text;
  for (const text of ["", "1", "{", "{1", "{1}x", '{"a', "{1,}}", "{{1}"])
    expect(arrayOf(text, read), text).toBeUndefined();
  expect(arrayOf(String.raw`{"a\"b\\",c d,"NULL",NULL}`, read)).toEqual([
    String.raw`a"b\ `.trim(),
    "c d",
    "NULL",
    null,
  ]);
});

/** A field as the server writes it. */
function copyText(text: string | null): string {
  if (text === null) return String.raw`\N`;
  const letters: Readonly<Record<string, string>> = {
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\v": "v",
    "\\": "\\",
  };
  return text.replaceAll(/[\b\f\n\r\t\v\\]/g, (letter) => `\\${letters[letter] ?? ""}`);
}
