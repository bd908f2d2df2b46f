/**
 * Records that cannot be loaded into Postgres: each is one reject with its bytes and its place, and its neighbours
 * arrive. All kinds stand in one file, because none may harm the others.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Reject } from "../../../src/core/reject.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const HEAD = "id,name,amount,day,key,since\n";
const KEY = "6f1c2a4e-0b6d-4d0e-9a55-3f8f6d3c1b7a";
const row = (
  id: number | string,
  { name = "n", amount = "1.50", day = "2026-01-31", key = KEY, since = "10:00" } = {},
): string => `${id},${name},${amount},${day},${key},${since}`;

interface Fault {
  readonly record: string | Buffer;
  readonly code: string;
  readonly message: string;
  readonly stage?: "decode" | "write";
  readonly rawEncoding?: "base64";
}

const FAULTS: { readonly [what: string]: Fault } = {
  "too few fields": {
    record: "2,n",
    code: "CSV_FIELD_COUNT",
    message: "2 fields where the header has 6: add the missing ones, or set csv.ragged to pad",
  },
  "too many fields": {
    record: `${row(2)},more`,
    code: "CSV_FIELD_COUNT",
    message: "7 fields where the header has 6: quote a field that holds the delimiter",
  },
  "a stray quote": {
    record: row(2, { name: 'a"b' }),
    code: "CSV_STRAY_QUOTE",
    message:
      'a quote inside the unquoted field 2 "name" (byte 3 of the record): quote the field and double the quote, or set csv.quotes to literal',
  },
  "text behind a closing quote": {
    record: row(2, { name: '"a"b' }),
    code: "CSV_STRAY_QUOTE",
    message:
      'text behind the closing quote of field 2 "name" (byte 5 of the record): a quote that is data must be doubled',
  },
  "a quote that nothing closes within the limit": {
    record: `2,"${"y".repeat(150)}`,
    code: "CSV_UNCLOSED_QUOTE",
    message:
      'the quote that opens field 2 "name" is not closed within maxRecordBytes (200 bytes): close it, or double a quote that is data',
  },
  "bytes that are not UTF-8": {
    record: Buffer.from(row(2, { name: "\u00FF\u00FE" }), "latin1"),
    rawEncoding: "base64",
    code: "ENCODING_INVALID",
    message: '"name": the bytes are not valid UTF-8; set csv.encoding to what the file is written in',
  },
  "a NUL character": {
    record: row(2, { name: "a\0b" }),
    rawEncoding: "base64",
    code: "VALUE_INVALID",
    stage: "write",
    message: 'column "name": the text holds a NUL character or half a surrogate pair; Postgres holds neither',
  },
  "more than maxRecordBytes": {
    record: row(2, { name: "x".repeat(200) }),
    code: "RECORD_TOO_LARGE",
    message: "the record is longer than maxRecordBytes (200 bytes): raise source.maxRecordBytes if it is meant to be",
  },
  "a bad whole number": {
    record: row("2.5"),
    code: "VALUE_INVALID",
    message:
      '"id": expected a whole number from -9007199254740991 to 9007199254740991 (declare bigint or decimal for more), found "2.5"',
  },
  "a bad decimal": {
    record: row(2, { amount: "1.x" }),
    code: "VALUE_INVALID",
    message: '"amount": expected a decimal number such as -12.50, found "1.x"',
  },
  "a day that does not exist": {
    record: row(2, { day: "2026-02-29" }),
    code: "VALUE_INVALID",
    message: '"day": expected a date yyyy-MM-dd, found "2026-02-29"',
  },
  "a bad uuid": {
    record: row(2, { key: "6f1c2a4e" }),
    code: "VALUE_INVALID",
    message: `"key": expected a uuid such as ${KEY}, found "6f1c2a4e"`,
  },
  "a number that only the server finds too large": {
    record: row(2, { amount: "10000.50" }),
    code: "ROW_REFUSED",
    stage: "write",
    message: 'numeric field overflow (22003), column "amount"',
  },
  "an undeclared field that only the server reads": {
    record: row(2, { since: "soon" }),
    code: "ROW_REFUSED",
    stage: "write",
    message: 'invalid input syntax for type time: "soon" (22007), column "since"',
  },
  "a quote that nothing closes before the end": {
    record: row(2, { name: '"a' }),
    code: "CSV_UNCLOSED_QUOTE",
    message:
      'the quote that opens field 2 "name" is not closed before the end of the input: close it, or double a quote that is data',
  },
};

const faults = Object.entries(FAULTS);
/** A good record stands behind the header and behind each bad one. */
const input = faults.flatMap(([, { record }], index) => [record, "\n", row(100 + index), "\n"]);
const bytes = [HEAD, row(1), "\n", ...input].map((part) => Buffer.from(part));

const postgres = usePostgres();
const project = new Project();
afterAll(() => project[Symbol.dispose]());

let code: number | null;
let summary: RunSummary;
let rejects: readonly { readonly [column: string]: unknown }[];
beforeAll(async () => {
  const { server } = postgres;
  await server.query("create table item (id int, name text, amount numeric(6, 2), day date, key uuid, since time)");
  project.write("in.csv", Buffer.concat(bytes));
  const job = project.job({
    name: "records",
    source: { type: "file", path: "in.csv", maxRecordBytes: 200 },
    columns: { id: "int", amount: "decimal", day: "date", key: "uuid" },
    sink: { type: "postgres", url: server.url(), table: "item" },
  });
  ({ code, summary } = await project.summaryOf([job]));
  rejects = await server.query("select * from millrace.rejects order by ordinal");
});

test("the good ones arrive and the run succeeds", async () => {
  expect(code).toBe(0);
  const counts = { read: 2 * faults.length + 1, written: faults.length + 1, rejected: faults.length, filtered: 0 };
  expect(summary).toMatchObject({ state: "succeeded", balanced: true, ...counts });
  const ids = [1, ...faults.map((_fault, index) => 100 + index)];
  expect(await postgres.server.query("select id from item order by id")).toEqual(ids.map((id) => ({ id })));
});

test("the summary counts them by stage and code", () => {
  const counted = new Map<string, number>();
  for (const [, { stage = "decode", code: of }] of faults) {
    counted.set(`${stage} ${of}`, (counted.get(`${stage} ${of}`) ?? 0) + 1);
  }
  const groups = summary.rejects.map(({ stage, code: of, count }) => [`${stage} ${of}`, count] as const);
  expect(new Map(groups)).toEqual(counted);
});

test.each(faults.map(([what, fault], index) => [what, fault, index] as const))("%s", (_what, fault, index) => {
  const { record, code: of, message, stage = "decode", rawEncoding = "utf8" } = fault;
  const offset = bytes.slice(0, 3 + 4 * index).reduce((sum, part) => sum + part.length, 0);
  const { id: _id, at, ...reject } = rejects[index] ?? {};
  expect(at).toBeInstanceOf(Date);
  expect(reject).toEqual({
    job: "records",
    run: summary.run,
    scope: summary.run,
    split: "in.csv",
    ordinal: String(2 * index + 1),
    token: String(offset),
    line: String(2 * index + 3),
    stage,
    sink: stage === "write" ? "sink" : null,
    output: null,
    code: of,
    message,
    raw: Buffer.from(record).toString(rawEncoding),
    raw_encoding: rawEncoding satisfies Reject["rawEncoding"],
    attempts: 1,
  });
});
