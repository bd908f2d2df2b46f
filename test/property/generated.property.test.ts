import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Decoder, Encoder, EncodeSpec, RecordBatch } from "../../src/core/ports/format.ts";
import { type Column, COLUMN_TYPES, type Columns, type ColumnType, type DataRecord } from "../../src/core/record.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import { CsvDecoder } from "../../src/formats/csv/decode.ts";
import { csvDialect } from "../../src/formats/csv/dialect.ts";
import type { CsvOptions } from "../../src/formats/csv/options.ts";
import { GrowingBytes } from "../../src/formats/growing-bytes.ts";
import { CopyBinaryEncoder } from "../../src/formats/pg-copy/binary/encode-binary.ts";
import { TextStretch } from "../../src/formats/pg-copy/binary/text-stretch.ts";
import { sharedBytes } from "../support/csv-decoding.ts";

/** Files; GENERATED_SEED repeats a run. */
const numRuns = Number(process.env["GENERATED_RUNS"] ?? 2_000);
const seed = Number(process.env["GENERATED_SEED"] ?? 20_260_211);
const TIMEOUT = 300_000;

/** Names that a text made of them would run, break or mistake. */
const NAMES = [
  ...[
    "a",
    "b",
    "id",
    "value0",
    "words",
    "p",
    "__proto__",
    "constructor",
    "toString",
    "0",
    "17",
    "",
    " ",
    "ключ",
    "naïve",
  ],
  ...['"];throw 1;//', "${p}", "`", "*/", "\\", "a\nb", "\u2028", "x".repeat(70), "null", "'", '"'],
];

const NUMBERS = ["0", "-0", "7", "007", "+5", "-12", "9007199254740993", "1.50", ".5", "1e3", "NaN", "inf", "42", "-1"];

const TIMES = [
  ...["2024-05-01T10:00:00.123456Z", "2024-05-01T10:00:00.123Z", "2024-05-01 10:00", "2024-05-01T10:00:00,512Z"],
  ...["2024-02-30T00:00:00Z", "2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00", "2024-05-01T10:00:00.5-03"],
  ...["2024-05-01", "2024-02-29", "2023-02-29", "2024-05-01T10:00:00.12z"],
];

const WORDS: readonly (string | Buffer)[] = [
  ...[
    "",
    "a",
    "x y",
    " lead",
    "trail ",
    "tab\there",
    "naïve café",
    "東京",
    "😀",
    "back\\slash",
    "it's",
    "NA",
    "-",
    "#c",
  ],
  ...[
    "comma,semi;pipe|",
    "a,b",
    "a;b",
    "\u0001",
    "\u007f",
    "a longer text of nothing much, ".repeat(3),
    "\uFEFFmark",
    "\uFFFD",
  ],
  ...[Buffer.from([0xff]), Buffer.from([0xc3]), Buffer.from("caf\xe9", "latin1")],
];

/** Texts that are mostly values of a type. */
const TEXTS: { readonly [type in ColumnType]: readonly (string | Buffer)[] } = {
  ...{ string: WORDS, int: NUMBERS, bigint: NUMBERS, float: NUMBERS, decimal: NUMBERS, date: TIMES, timestamp: TIMES },
  boolean: ["true", "f", "no", "1"],
  uuid: ["6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a", "6F1C2A4E-0B6D-4D0E-9A55-3F8F6D3C1B7A", "6f1c2a4e"],
  json: ["{}", "[1,2]", "null", '"text"', '{"a":[1.50]}', "1e2"],
  bytes: ["AQI=", "\\x0102", "\\xf"],
};

const ALL_TEXTS = Object.values(TEXTS).flat();

/** What a transform makes of a field; some of it no sink can hold. */
const CHANGES: readonly ((value: unknown) => unknown)[] = [
  ...Array.from({ length: 40 }, () => (value: unknown) => value),
  (value) => (typeof value === "string" ? value.toUpperCase() : value),
  (value) => (value instanceof Date ? new Date(value) : `${String(value)}!`),
  (value) => (value instanceof Date ? (value.setUTCMinutes(7), value) : value),
  (value) => (Array.isArray(value) ? (value.push(1), value) : value),
  ...[
    null,
    undefined,
    0,
    -0,
    5,
    -2_147_483_648,
    2_147_483_648,
    1.5,
    Number.NaN,
    12n,
    true,
    "",
    " ",
    "\ud800",
    "q\"'\\\n,;",
  ].map((fixed) => () => fixed),
  () => new Date(Date.UTC(2020, 1, 2)),
  () => new Date(Number.NaN),
  () => ({ deep: ["ü"] }),
  () => Symbol.iterator,
  () => "z".repeat(65),
];

const POSTGRES_TYPES = [
  "text",
  "int4",
  "numeric",
  "timestamptz",
  "timestamp",
  "date",
  "jsonb",
  "uuid",
  "_text",
  "float8",
  "bool",
  "int8",
  "int2",
  "bytea",
  "time",
  "name",
  "enum",
  "float4",
];
const TIME_TYPES = ["timestamptz", "timestamp", "timestamp", "date"];

const column: fc.Arbitrary<Column> = fc.record(
  {
    type: fc.constantFrom(...COLUMN_TYPES, "int", "timestamp", "decimal", "timestamp"),
    nullable: fc.boolean(),
    timezone: fc.constantFrom("UTC", "Europe/Berlin"),
  },
  { requiredKeys: ["type"] },
);

const dialects: fc.Arbitrary<CsvOptions> = fc.record(
  {
    delimiter: fc.constantFrom(",", ",", ";", "\t", "|", "||"),
    quote: fc.constantFrom('"', '"', "'"),
    nulls: fc.constantFrom([""], ["", "NA"]),
    emptyAsNull: fc.boolean(),
    ragged: fc.constantFrom("reject", "pad"),
    trim: fc.constantFrom("both"),
    encoding: fc.constantFrom("utf-8", "latin1", "windows-1252"),
    quotes: fc.constantFrom("strict", "literal"),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<CsvOptions>;

/** Half of the jobs are of the form with the most ways to write a value. */
const BINARY = Array.from({ length: 8 }, () => "pg-copy-binary");

const jobs = fc
  .record({
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 6 }),
    types: fc.array(fc.option(column, { freq: 4 }), { minLength: 6, maxLength: 6 }),
    csv: dialects,
    rows: fc.array(fc.array(fc.nat(10_000), { minLength: 6, maxLength: 6 }), {
      minLength: 3,
      maxLength: 12,
      size: "max",
    }),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    quoted: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    short: fc.constantFrom(-1, 2),
    changes: fc.array(fc.nat(CHANGES.length - 1), { minLength: 1, maxLength: 40 }),
    keys: fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 }),
    sink: fc.constantFrom(
      "jsonl",
      "jsonl declared",
      "csv",
      "csv ;",
      "csv '",
      "csv NA",
      "pg-copy",
      "pg-copy",
      ...BINARY,
    ),
    extra: fc.constantFrom("other", "__proto__", "0", "toJSON"),
  })
  .map((job) => ({ ...job, file: fileOf(job) }));

type Job = typeof jobs extends fc.Arbitrary<infer J> ? J : never;

interface FileParts {
  readonly names: readonly string[];
  readonly csv: CsvOptions;
  readonly rows: readonly (readonly number[])[];
  readonly types: readonly (Column | null)[];
  readonly lineEnd: string;
  readonly quoted: readonly boolean[];
  readonly short: number;
}

/** Each column mostly holds texts of its type, so that records are good as a rule. */
function fileOf({ names, types, csv, rows, lineEnd, quoted, short }: FileParts): Buffer {
  const { delimiter = ",", quote = '"' } = csv;
  let cell = 0;
  const lines = rows.map((row, line) => {
    const width = line === short ? Math.max(1, names.length - 1) : names.length;
    const cells = names.slice(0, width).map((_, i) => {
      const drawn = row[i] as number;
      const texts = drawn % 12 === 0 ? ALL_TEXTS : TEXTS[types[i]?.type ?? "string"];
      return cellOf(
        texts[(drawn >> 4) % texts.length] as string | Buffer,
        quote as string,
        quoted[cell++ % quoted.length] === true,
      );
    });
    return Buffer.concat(cells.flatMap((bytes, i) => (i === 0 ? [bytes] : [Buffer.from(delimiter), bytes])));
  });
  return sharedBytes(Buffer.concat(lines.flatMap((line) => [line, Buffer.from(lineEnd)])));
}

function cellOf(text: string | Buffer, quote: string, quoted: boolean): Buffer {
  if (!quoted) return Buffer.from(text);
  const latin1 = Buffer.from(text).toString("latin1");
  return Buffer.from(quote + latin1.replaceAll(quote, quote + quote) + quote, "latin1");
}

function decoderOf({ names, types, csv }: Job, generateAfter: number): Decoder {
  const columns = Object.fromEntries(
    names.flatMap((name, i) => (types[i] === null ? [] : [[name, types[i]]])),
  ) as Columns;
  return new CsvDecoder({ dialect: csvDialect(csv), fields: { columns }, maxRecordBytes: 10_000, generateAfter });
}

const SINK_OPTIONS: { readonly [sink: string]: CsvOptions } = {
  "csv ;": { delimiter: ";" },
  "csv '": { quote: "'" },
  "csv NA": { nulls: ["", "NA"] },
};

function encoderOf({ sink, names, types, keys, extra }: Job): Encoder {
  const [format = ""] = sink.split(" ");
  const columns = outputKeys(names, keys, extra).map((name, i) => {
    const isTime = types[names.indexOf(name)]?.type === "timestamp";
    const choices = isTime ? TIME_TYPES : POSTGRES_TYPES;
    const type = choices[(i + names.length) % choices.length] as string;
    return format.startsWith("pg-copy") ? { name, type } : { name };
  });
  const spec: EncodeSpec = {
    sink: "sink",
    format,
    options: SINK_OPTIONS[sink] ?? {},
    columns: sink === "jsonl" ? null : columns,
    needsColumns: format !== "jsonl",
    onUnknownField: "ignore",
  };
  // a row of text is not to take the next ones with it
  return format === "pg-copy-binary"
    ? new CopyBinaryEncoder(spec, new TextStretch(0))
    : formatByName(format).encoder(spec);
}

/** Some of the fields, in any order, and now and then a key that is none of them. */
function outputKeys(names: readonly string[], keys: readonly number[], extra: string): readonly string[] {
  const all = [...new Set(keys.map((key) => names[key] ?? extra))];
  return all.length === 0 ? [extra] : all;
}

function transform({ names, keys, extra, changes }: Job, record: DataRecord, turn: number): DataRecord {
  const entries = outputKeys(names, keys, extra).map((key, i): [string, unknown] => {
    const change = CHANGES[changes[(turn * 7 + i) % changes.length] as number] as (value: unknown) => unknown;
    return [key, change(Object.hasOwn(record, key) ? record[key] : 1)];
  });
  return Object.fromEntries(entries);
}

interface Outcome {
  readonly rows: readonly unknown[];
  readonly generated: number;
}

/** What comes of each record: its fields, and the bytes or the fault that its output becomes. */
function work(job: Job, generateAfter: number): Outcome {
  const batch: RecordBatch = decoderOf(job, generateAfter).decode({
    bytes: job.file,
    final: true,
    truncated: false,
    fields: job.names,
  });
  const encoder = encoderOf(job);
  const to = new GrowingBytes(new SharedArrayBuffer(16));
  let generated = 0;
  const rows = Array.from({ length: batch.count }, (_, i) => {
    const read = batch.read(i);
    if ("fault" in read) return { ...read.fault };
    if (batch.current.registers !== undefined) generated++;
    const fields = Object.entries(read.record as DataRecord).map(([key, value]) => [
      key,
      value instanceof Date ? value.getTime() : structuredClone(value),
    ]);
    const start = to.length;
    try {
      encoder.encode(transform(job, read.record as DataRecord, i), batch.current, to);
      return { fields, form: encoder.form ?? 0, row: to.bytes.toString("latin1", start, to.length) };
    } catch (thrown) {
      to.length = start;
      return { fields, thrown: String(thrown) };
    }
  });
  return { rows, generated };
}

describe("Generated readers and writers", () => {
  test(
    "give what the plain ones give, for all types, formats and names",
    () => {
      let generated = 0;
      fc.assert(
        fc.property(jobs, (job) => {
          const plain = work(job, Number.POSITIVE_INFINITY);
          const fused = work(job, 0);
          expect(plain.generated).toBe(0);
          expect(fused.rows).toEqual(plain.rows);
          generated += fused.generated;
        }),
        { numRuns, seed },
      );
      expect(generated).toBeGreaterThan(numRuns);
    },
    TIMEOUT,
  );
});
