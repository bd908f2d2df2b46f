import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { divideDecimal, formatDecimal, parseDecimal } from "../../../src/aggregate/decimal.ts";
import { aggregate, map, readCsv, type StreamReject, writePostgres } from "../../../src/streams/index.ts";
import { runExamples } from "../../support/doc-examples.ts";
import { EmbeddedPostgres } from "../../support/embedded-postgres.ts";

let postgres: EmbeddedPostgres;
const to = (more: object = {}) => ({ url: postgres.url(), table: "orders", ...more });
const orders = (count: number) => Array.from({ length: count }, (_, id) => ({ id, amount: `${id}.50` }));
const stored = async () => (await postgres.query("select count(*)::int as n, sum(amount)::text as sum from orders"))[0];
const sessions = async () => {
  const [row] = await postgres.query(
    "select count(*)::int as n from pg_stat_activity where application_name like 'millrace%'",
  );
  return row?.["n"];
};

beforeAll(async () => {
  postgres = await EmbeddedPostgres.start();
});
afterAll(() => postgres?.[Symbol.asyncDispose]());
beforeEach(() =>
  postgres.query(
    "drop table if exists orders; create table orders (id int primary key, amount numeric(12,2), note text default 'none')",
  ),
);

describe("writePostgres()", () => {
  test("loads all records in one transaction, and leaves nothing of its own in the database", async () => {
    const csv = [Buffer.from('id,amount,note\n1,10.50,"a\tb"\n2,0.25,\\N\n')];
    expect(await writePostgres(readCsv(csv, { columns: { id: "int" } }), to())).toMatchObject({
      records: 2,
      rejected: 0,
    });
    expect(await postgres.query("select * from orders order by id")).toEqual([
      { id: 1, amount: "10.50", note: "a\tb" },
      { id: 2, amount: "0.25", note: "\\N" },
    ]);
    expect(await postgres.query("select from pg_namespace where nspname = 'millrace'")).toEqual([]);
    expect(await writePostgres(orders(100_000).slice(10), to({ columns: ["id", "amount"] }))).toMatchObject({
      records: 99_990,
    });
    expect(await stored()).toMatchObject({ n: 99_992 });
    await expect.poll(sessions).toBe(0);
  });

  test("loads none of them when the server refuses one, and says which", async () => {
    const records = map(orders(30_000), (order) => (order.id === 20_000 ? { ...order, amount: "x" } : order));
    await expect(writePostgres(records, to())).rejects.toMatchObject({
      code: "ROW_REFUSED",
      message: expect.stringMatching(
        /^writePostgres: table "orders": COPY, row 20,001: invalid input syntax for type numeric: "x"/,
      ),
      details: { committed: 0, column: "amount" },
    });
    expect(await stored()).toEqual({ n: 0, sum: null });
    const failing = map(orders(30_000), (order) => (order.id === 20_000 ? JSON.parse("{") : order) as object);
    await expect(writePostgres(failing, to())).rejects.toThrow(SyntaxError);
    expect(await stored()).toEqual({ n: 0, sum: null });
    await expect.poll(sessions).toBe(0);
  });

  test("keeps what it has committed with commitEvery, and says how much", async () => {
    const records = map(orders(50_000), (order) => (order.id === 40_000 ? { ...order, id: 7 } : order));
    const error = await writePostgres(records, to({ commitEvery: 10_000 })).catch((thrown: unknown) => thrown);
    const { details, code } = error as { code: string; details: { committed: number } };
    expect(code).toBe("ROW_REFUSED");
    expect(details.committed).toBeGreaterThanOrEqual(20_000);
    expect(await stored()).toMatchObject({ n: details.committed });
  });

  test("turns away what cannot be written as a row", async () => {
    const rejects: StreamReject[] = [];
    const records = [{ id: 1, note: "a\0b" }, { id: 2 }, { id: 3, nota: "x" }];
    const onReject = (reject: StreamReject) => void rejects.push(reject);
    expect(await writePostgres(records, to({ columns: ["id", "note"], onReject }))).toMatchObject({
      records: 1,
      rejected: 2,
    });
    expect(rejects.map(({ code, ordinal }) => [code, ordinal])).toEqual([
      ["VALUE_INVALID", 0],
      ["FIELD_UNKNOWN", 2],
    ]);
  });

  test.each([
    [{ table: "ordres" }, "TABLE_UNKNOWN", 'has no table "ordres"; did you mean "orders"?'],
    [{ columns: ["amont"] }, "COLUMN_UNKNOWN", 'has no column "amont"; did you mean "amount"?'],
    [{ url: "mysql://x" }, "CONFIG_INVALID", "not a Postgres url"],
    [{ commitEvery: 0 }, "CONFIG_INVALID", "commitEvery: expected at least 1"],
  ])("says what cannot be done: %o", async (options, code, message) => {
    await expect(writePostgres(orders(1), to(options))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  test("ends at once when it is aborted, also while the server makes it wait", async () => {
    const abort = new AbortController();
    await postgres.query(
      "create function slow() returns trigger as 'begin perform pg_sleep(60); return new; end' language plpgsql",
    );
    await postgres.query("create trigger slow before insert on orders for each row execute function slow()");
    setTimeout(() => abort.abort(), 300);
    await expect(writePostgres(orders(200_000), to({ signal: abort.signal }))).rejects.toMatchObject({
      code: "ABORTED",
    });
    // The server sleeps on, and looks at its client only afterwards: the table would stay locked.
    await postgres.query("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()");
    await postgres.query("drop function slow cascade");
  });
});

test("the example of docs/programs.md runs", async () => {
  await postgres.query("alter table orders add country text, add category text, add quantity int");
  const page = path.resolve(import.meta.dirname, "../../../docs/programs.md");
  const examples = await runExamples(page, { has: ["postgres"], env: { DATABASE_URL: postgres.url() } });
  expect(examples.find(({ line }) => line === lineOf(page, "needs=postgres"))).toMatchObject({ printed: "5" });
  expect(await stored()).toEqual({ n: 5, sum: "390.64" });
});

function lineOf(page: string, words: string): number {
  return (
    readFileSync(page, "utf8")
      .split("\n")
      .findIndex((line) => line.includes(words)) + 1
  );
}

describe("aggregates", () => {
  test("are what Postgres makes of the same decimals, to the digit", async () => {
    const amounts = Array.from({ length: 300 }, (_, i) =>
      formatDecimal({ units: BigInt((i * 7919) ** 3), scale: (i * 5) % 9 }),
    );
    const records = amounts.map((amount, i) => ({ group: `g${i % 7}`, amount }));
    const ours = await aggregate(records, {
      groupBy: ["group"],
      measures: { sum: { sum: "amount" }, mean: { avg: "amount" }, most: { max: "amount" }, n: "count" },
      columns: { amount: "decimal" },
    }).toArray();
    const theirs = await postgres.query(
      `select grp as "group", sum(a)::text as sum, avg(a)::text as mean, max(a)::text as most, count(*)::int as n
       from unnest($1::text[], $2::numeric[]) as t(grp, a) group by grp order by grp`,
      [records.map(({ group }) => group), amounts],
    );
    expect(ours).toEqual(theirs);
  });

  test("divide as Postgres does", async () => {
    const pairs = [
      "1",
      "-2",
      "0",
      "100000.50",
      "0.0001",
      "9999.9999",
      "12345678901234567890.123456",
      "0.00000000012",
    ].flatMap((dividend) => [1n, 3n, 7n, 9999n, 10_000n, 123_456_789n].map((divisor) => [dividend, divisor] as const));
    const rows = await postgres.query(
      "select (a / b)::text as q from unnest($1::numeric[], $2::numeric[]) with ordinality as t(a, b, i) order by i",
      [pairs.map(([dividend]) => dividend), pairs.map(([, divisor]) => String(divisor))],
    );
    const ours = pairs.map(([dividend, divisor]) =>
      formatDecimal(divideDecimal(parseDecimal(dividend) ?? { units: 0n, scale: 0 }, divisor)),
    );
    expect(ours).toEqual(rows.map(({ q }) => q));
  });
});
