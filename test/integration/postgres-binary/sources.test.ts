/** What a transform leaves alone goes into a column the same way in both forms: by the source's bytes, where they say more. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecordBatch } from "../../../src/core/ports/format.ts";
import { COLUMN_TYPES, type ColumnType } from "../../../src/core/record.ts";
import { formatByName } from "../../../src/formats/catalog.ts";
import { sharedBytes } from "../../support/csv-decoding.ts";
import { usePostgres } from "../../support/postgres.ts";
import { HOSTILE_TEXTS, randomValues } from "./hostile-values.ts";
import { type Case, recordsOf, TwinTables } from "./twin-tables.ts";

const TIMEOUT = 120_000;
/** Random texts; BINARY_SEED repeats a run. */
const runs = Number(process.env["BINARY_RUNS"] ?? 600);
const seed = Number(process.env["BINARY_SEED"] ?? 20_261_124);

const TARGETS = [
  ...["smallint", "integer", "bigint", "oid", "numeric", "real", "double precision", "boolean", "text", "name"],
  ...["bytea", "date", "time without time zone", "timestamp without time zone", "timestamp with time zone", "uuid"],
  ...["jsonb", "integer[]", "numeric[]", "text[]", "jsonb[]"],
];

const texts = [...HOSTILE_TEXTS, ...randomValues(runs, seed).filter((value) => typeof value === "string")].filter(
  (text) => text.isWellFormed(),
);

const postgres = usePostgres();
let twins: TwinTables;

beforeAll(async () => {
  twins = await TwinTables.open(postgres.server);
});
afterAll(() => twins[Symbol.asyncDispose]());

/** Everything that a column of the source gives, whatever its type is declared to be. */
async function compareAll(type: string, decode: (declared: ColumnType | undefined) => RecordBatch): Promise<void> {
  const cases = function* (): Iterable<Case> {
    for (const declared of [undefined, ...COLUMN_TYPES])
      yield* recordsOf(decode(declared), `${declared ?? "undeclared"} `);
  };
  const { differences, binary } = await twins.compare(cases(), type);
  expect(differences).toEqual([]);
  expect(binary).toBeGreaterThan(0);
}

function batchOf(format: string, content: string, declared: ColumnType | undefined, ends?: Int32Array): RecordBatch {
  const columns = declared === undefined ? {} : { v: { type: declared } };
  const options = format === "pg-copy" ? { fields: [["v", "text"]] } : {};
  const decoder = formatByName(format).decoder({ format, options, columns, maxRecordBytes: 100_000 });
  const framed = ends === undefined ? {} : { ends };
  return decoder.decode({ bytes: sharedBytes(content), final: true, truncated: false, fields: ["v"], ...framed });
}

const isPlain = /^[^",\n\r]+$/;
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const csvText = [...texts.map((text) => (isPlain.test(text) ? text : quoted(text))), ...texts.map(quoted)].join("\n");

const JSON_NUMBERS = [
  "1.50",
  "-0",
  "0",
  "1e3",
  "1e999",
  "1e-400",
  "12345678901234567890",
  "0.1000",
  "1E-7",
  "2147483648",
];
const JSON_VALUES = [
  ...[
    "true",
    "false",
    "null",
    "{}",
    '{"a": 1.10}',
    "[1, 2.50, null]",
    "[[1],[2]]",
    '["a","\\u00e9\\n"]',
    "[12345678901234567890]",
  ],
  ...['[{"a": 1}]', "[]", "[true]", '"\\u0041"', '"\\ud83d\\ude00"', '""'],
];
const jsonText = [...JSON_NUMBERS, ...JSON_VALUES, ...texts.map((text) => JSON.stringify(text))]
  .map((value) => `{"v":${value}}\n`)
  .join("");

const copyEscapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };
const copyRows = [
  "\\N",
  ...texts
    .filter((text) => !text.includes("\0"))
    .map((text) => text.replaceAll(/[\\\t\n\r]/g, (c) => copyEscapes[c] ?? c)),
];

describe.each(TARGETS)("a field that was left alone, into %s", (type) => {
  test("of CSV", () => compareAll(type, (declared) => batchOf("csv", csvText, declared)), TIMEOUT);

  test("of JSON lines", () => compareAll(type, (declared) => batchOf("jsonl", jsonText, declared)), TIMEOUT);

  test(
    "of COPY text",
    () => {
      let end = 0;
      const ends = Int32Array.from(copyRows, (row) => (end += Buffer.byteLength(row) + 1));
      return compareAll(type, (declared) => batchOf("pg-copy", `${copyRows.join("\n")}\n`, declared, ends));
    },
    TIMEOUT,
  );
});
