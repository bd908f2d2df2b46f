import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Decoder, Encoder, SourceFields } from "../../src/core/ports/format.ts";
import { type Column, COLUMN_TYPES, type Columns, type ColumnType } from "../../src/core/record.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { JsonLinesDecoder } from "../../src/formats/jsonl/decode.ts";
import { encodeOne, sharedBytes } from "../unit/formats/json-lines.ts";

const KEYS = ["a", "id", "value0", "p", "__proto__", "constructor", "0", "", "ключ", 'say "hi"', "\u2028", "x\\", "\n"];

/** Values as they may stand in a source; some of them are none. */
const TOKENS = [
  ...["0", "-0", "7", "-12", "42", "1.0", "1.50", "-0.5", "1e3", "1E400", "007", "-", "1.", ".5", "+1", "12a"],
  ...["2147483648", "9007199254740993", "123456789012345678901234567890", "0.1", "0.30000000000000004", "-1.5e-7"],
  ...["null", "true", "false", "nul", "True", "undefined", "{}", "[1,2]", '{"a":1.0}', '"', "", "\ufeff1"],
  ...['""', '"a"', '"x y"', '"naïve café"', '"東京"', '"😀"', '"tab\\there"', '"\\u00e9"', '"\\ud800"', '"a\tb"'],
  ...['"it\'s"', '"a,b;c"', '"\u007f"', '"\u0085"', '"5"', '"-0"', '"007"', '"1.50"', '"1e2"', '"NaN"', '"t"', '"{}"'],
  ...['"2024-05-01T10:00:00Z"', '"2024-05-01T10:00:00.123456Z"', '"2024-05-01T10:00:00+02:00"', '"2024-05-01 10:00"'],
  ...['"2024-05-01"', '"2024-02-30"', '"6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a"', '"AQI="', `"${"z".repeat(70)}"`],
];

/** Values that are good as a rule. */
const GOOD: Readonly<Partial<Record<ColumnType | "none", readonly string[]>>> = {
  none: ['"a"', '"naïve café"', "42", "-12", "0.1", "9007199254740993", "true", "null", '""', '"5"'],
  string: ['"a"', '"x y"', '"東京"', '""', "null"],
  int: ["7", "0", "-12", '"5"', '"-0"', '"007"', "2147483648", "null"],
  bigint: ["7", "9007199254740993", '"5"', "null"],
  float: ["0.1", "7", "-1.5", '"1e2"', '"NaN"', "null"],
  decimal: ["0.1", "42", '"1.50"', '"1e2"', '"5"', "123456789012345678901234567890", "null"],
  boolean: ["true", '"t"', "false", "null"],
  date: ['"2024-05-01"', "null"],
  timestamp: ['"2024-05-01T10:00:00Z"', '"2024-05-01T10:00:00.123456Z"', '"2024-05-01 10:00"', "null"],
  uuid: ['"6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a"', "null"],
  bytes: ['"AQI="', "null"],
};

/** What a transform makes of a field. */
const CHANGES: readonly ((value: unknown) => unknown)[] = [
  ...Array.from({ length: 12 }, () => (value: unknown) => value),
  (value) => (typeof value === "string" ? value.toUpperCase() : value),
  (value) => (value instanceof Date ? new Date(value) : value),
  (value) => (value instanceof Date ? (value.setUTCMinutes(7), value) : value),
  ...[null, undefined, 0, -0, 5, 1.5, 12n, true, "", "q\"'\\\n,;"].map((fixed) => () => fixed),
];

const POSTGRES_TYPES = ["text", "int4", "numeric", "timestamptz", "timestamp", "date", "jsonb", "uuid", "float8"];

const column: fc.Arbitrary<Column> = fc.record(
  {
    type: fc.constantFrom(...COLUMN_TYPES, "int", "timestamp", "decimal"),
    nullable: fc.boolean(),
    timezone: fc.constantFrom("UTC", "Europe/Berlin"),
  },
  { requiredKeys: ["type"] },
);

const jobs = fc.record({
  keys: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 4 }),
  columns: fc.array(fc.option(column), { minLength: 4, maxLength: 4 }),
  /** Nearly all values are good; now and then a line has any. */
  lines: fc.array(
    fc.record({ good: fc.nat(), member: fc.nat(12), token: fc.nat(TOKENS.length - 1), odd: fc.nat(30) }),
    {
      minLength: 3,
      maxLength: 12,
      size: "max",
    },
  ),
  blanks: fc.constantFrom(["", ""], [" ", ""], ["", " "], [" ", " \t"]),
  changes: fc.array(fc.nat(CHANGES.length - 1), { minLength: 1, maxLength: 12 }),
  sink: fc.constantFrom("jsonl", "jsonl declared", "csv", "pg-copy"),
  isWhole: fc.boolean(),
});

type Job = typeof jobs extends fc.Arbitrary<infer J> ? J : never;

/** The source: now and then a line has another key, a key twice, more behind it, or bytes that are no UTF-8. */
function framesOf({ keys, columns, lines, blanks: [colon = "", comma = ""] }: Job): Buffer[] {
  return lines.map(({ good, member, token, odd }) => {
    const members = keys.map((key, i) => {
      const values = GOOD[columns[i]?.type ?? "none"] ?? TOKENS;
      const value = i === member ? TOKENS[token] : values[(good >> (3 * i)) % values.length];
      return `${JSON.stringify(odd === 1 && i === member ? `${key}!` : key)}:${colon}${value}`;
    });
    if (odd === 2) members.push(members[0] as string);
    const text = Buffer.from(`{${members.join(`,${comma}`)}}${odd === 3 ? " " : odd === 4 ? "}" : ""}`);
    return odd === 5 ? Buffer.concat([text, Buffer.from([0xff])]) : odd === 6 ? text.subarray(0, -1) : text;
  });
}

function encoderOf({ sink, keys }: Job): Encoder {
  const [format = "", declared] = sink.split(" ");
  const columns = keys.map((name, i) => ({
    name,
    type: POSTGRES_TYPES[(i + keys.length) % POSTGRES_TYPES.length] ?? "",
  }));
  const hasColumns = format !== "jsonl" || declared !== undefined;
  return formatByName(format).encoder({
    sink: "sink",
    format,
    options: {},
    columns: hasColumns ? columns : null,
    needsColumns: format !== "jsonl",
    onUnknownField: "ignore",
  });
}

/** Records, faults and what is written of each. */
function outcomeOf(job: Job, decoder: Decoder, seen?: (source: SourceFields) => void): unknown[] {
  const frames = framesOf(job);
  let end = 0;
  const ends = Int32Array.from(frames, ({ length }) => (end += length));
  const batch = decoder.decode({ bytes: sharedBytes(Buffer.concat(frames)), final: true, truncated: false, ends });
  const encoder = encoderOf(job);
  return frames.map((_, index) => {
    const read = batch.read(index);
    if ("fault" in read) return { ...read.fault };
    seen?.(batch.current);
    const record = read.record as Record<string, unknown>;
    const given = Object.entries(record);
    const output = job.isWhole && index % 2 === 0 ? record : changed(job, record, index);
    const nulls = given.map(([name]) => batch.current.isNull(batch.current.indexOf(name)));
    return { given, nulls, written: encodeOne(encoder, output, batch.current) };
  });
}

function changed({ changes }: Job, record: Record<string, unknown>, turn: number): Record<string, unknown> {
  const entries = Object.entries(record).map(([key, value], i): [string, unknown] => {
    const change = CHANGES[changes[(turn * 5 + i) % changes.length] as number] as (value: unknown) => unknown;
    return [key, change(value)];
  });
  return Object.fromEntries(entries);
}

describe("KnownShape", () => {
  test("reads what JSON.parse and the declared columns make of a record, and it is written alike", () => {
    let [known, all] = [0, 0];
    const count = ({ registers }: SourceFields): void => {
      all++;
      if (registers !== undefined) known++;
    };
    fc.assert(
      fc.property(jobs, (job) => {
        const columns = Object.fromEntries(
          job.keys.flatMap((key, i) => (job.columns[i] === null ? [] : [[key, job.columns[i]]])),
        ) as Columns;
        const spec = { format: "jsonl", options: {}, columns, maxRecordBytes: 10_000 };
        const quick = new JsonLinesDecoder({ ...spec, generateAfter: 0 });
        const plain = new JsonLinesDecoder({ ...spec, generateAfter: Number.POSITIVE_INFINITY });
        expect(outcomeOf(job, quick, count)).toEqual(outcomeOf(job, plain));
      }),
      { numRuns: 4_000 },
    );
    expect(known).toBeGreaterThan(all / 10);
  });
});
