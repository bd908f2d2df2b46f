/** How the Postgres source reads: by key, in ranges, over lost sessions, and held to what every source has to do. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { BoundSource } from "../../../src/core/ports/source.ts";
import { originPosition } from "../../../src/core/position.ts";
import { lend } from "../../../src/spi/conformance/split-content.ts";
import { sourceCases } from "../../../src/spi/conformance/source-cases.ts";
import { usePostgres } from "../../support/postgres.ts";
import { COPY_DECODE, resolvePostgres, rowsOf } from "../../support/postgres-source.ts";
import { Proxy } from "../../support/proxy.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

/** Makes a table of these columns, and fills it by a query. */
async function makeTable(definition: string, rows: string): Promise<string> {
  const table = `t${randomUUID().replaceAll("-", "")}`;
  await postgres.server.query(`CREATE TABLE ${table} (${definition})`);
  await postgres.server.query(`INSERT INTO ${table} ${rows}`);
  return table;
}

/** Sessions that readers hold, not what holds the moment for all of them; the server lists one for a moment after it was ended. */
async function sessions(): Promise<number> {
  const list =
    "SELECT count(*)::int AS open FROM pg_stat_activity WHERE application_name LIKE 'millrace%' AND query NOT LIKE '%export_snapshot%'";
  const counted: number[] = [];
  await until("the server has let go of what was ended", async () => {
    counted.push(Number((await postgres.server.query(list))[0]?.["open"]));
    return (counted.length > 3 && new Set(counted.slice(-4)).size === 1) || undefined;
  });
  return counted.at(-1) ?? 0;
}

async function allRows(source: BoundSource): Promise<readonly string[]> {
  const rows: (readonly string[])[] = [];
  for (const split of source.splits) rows.push(await rowsOf(source, split));
  return rows.flat();
}

const bind = (table: string, options: object = {}): Promise<BoundSource> =>
  resolvePostgres({ url: postgres.server.url(), table, ...options });

describe.each([
  ["by its primary key", "id int PRIMARY KEY, note text", "SELECT i, repeat('x', i) FROM generate_series(1, 60) i", {}],
  [
    "by a key of several columns with anything in them",
    `"a 'b'" text, n numeric, d timestamptz, PRIMARY KEY ("a 'b'", n, d)`,
    String.raw`SELECT E'\\' || chr(9) || '''' || (i % 7), i / 3.0, now() + i * interval '1 microsecond' FROM generate_series(1, 60) i`,
    {},
  ],
  ["in three ranges", "id int PRIMARY KEY, note text", "SELECT i, 'x' FROM generate_series(1, 60) i", { splits: 3 }],
])("postgres source, %s", (_name, definition, rows, options) => {
  const cases = sourceCases<AsyncDisposable & { readonly table: string }>({
    open: async () => ({ table: await makeTable(definition, rows), [Symbol.asyncDispose]: async () => {} }),
    bind: ({ table }) => bind(table, options),
    decode: COPY_DECODE,
    held: sessions,
  });
  for (const { name, run } of cases) test(name, run);
});

describe("PostgresSource.open()", () => {
  test("reads every row once in the order of the key, whatever the number of ranges", async () => {
    const table = await makeTable("id bigint PRIMARY KEY", "SELECT 7 * i FROM generate_series(1, 5000) i");
    const expected = Array.from({ length: 5000 }, (_, i) => String(7 * (i + 1)));
    for (const splits of [1, 2, 7]) {
      await using source = await bind(table, { splits });
      expect(source.splits).toHaveLength(splits);
      expect(await allRows(source)).toEqual(expected);
    }
  });

  test("shows all ranges one moment", async () => {
    const table = await makeTable("id int PRIMARY KEY", "SELECT i FROM generate_series(1, 100) i");
    await using source = await bind(table, { splits: 2 });
    const [first, second] = source.splits;
    if (first === undefined || second === undefined) throw new TypeError("two ranges");
    const before = await rowsOf(source, first);
    await postgres.server.query(`INSERT INTO ${table} VALUES (1000); DELETE FROM ${table} WHERE id = 100`);
    expect([...before, ...(await rowsOf(source, second))]).toEqual(
      Array.from({ length: 100 }, (_, i) => String(i + 1)),
    );
  });

  test("reads the ranges that a run began with, whatever the table has become", async () => {
    const table = await makeTable("id int PRIMARY KEY", "SELECT i FROM generate_series(1, 100) i");
    await using before = await bind(table, { splits: 4 });
    const planned = before.splits.map(({ id, fingerprint = "" }) => ({ split: id, fingerprint }));
    await postgres.server.query(`INSERT INTO ${table} SELECT i FROM generate_series(101, 1000) i`);
    await using after = await bind(table, { splits: 4 });
    expect(after.splits).not.toEqual(before.splits);
    expect(after.asPlanned?.(planned).splits).toEqual(before.splits);
  });

  test("goes on behind the last row that it gave when its session is lost", async () => {
    const table = await makeTable(
      "id int PRIMARY KEY, pad text",
      "SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i",
    );
    await using source = await bind(table);
    const [split] = source.splits;
    if (split === undefined) throw new TypeError("one split");
    await using reader = await source.open(split, originPosition(split.origin), new AbortController().signal);
    if (reader.kind !== "frames") throw new TypeError("framed");
    let rows = 0;
    let losses = 0;
    for (;;) {
      const batch = await reader.read(64 * 1024, lend).catch((thrown: unknown) => {
        expect(thrown).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
        losses++;
        return null;
      });
      if (batch === undefined) break;
      rows += batch?.ends.length ?? 0;
      if (batch === null || losses > 0) continue;
      await postgres.server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace%' AND query LIKE 'COPY%'",
      );
    }
    expect(losses).toBeGreaterThan(0);
    expect(rows).toBe(20_000);
  });

  test("refuses to go on in the middle of a table without a key", async () => {
    const table = await makeTable("n int", "SELECT i FROM generate_series(1, 3) i");
    await using source = await bind(table);
    const [split] = source.splits;
    if (split === undefined) throw new TypeError("one split");
    expect(source.label).toContain("no key");
    expect(await allRows(source)).toEqual(["1", "2", "3"]);
    const middle = { ordinal: 1n, token: "#1" };
    await expect(source.open(split, middle, new AbortController().signal)).rejects.toMatchObject({
      code: "SOURCE_CHANGED",
    });
  });

  test("cancels on the server what it is told to end", async () => {
    await using source = await resolvePostgres({
      url: postgres.server.url(),
      query: "SELECT i AS id, CASE WHEN i > 1 THEN pg_sleep(60) END AS nap FROM generate_series(1, 2) i",
    });
    const [split] = source.splits;
    if (split === undefined) throw new TypeError("one split");
    const stop = new AbortController();
    await using reader = await source.open(split, originPosition(split.origin), stop.signal);
    if (reader.kind !== "frames") throw new TypeError("framed");
    const reading = reader.read(1024, lend);
    const isAsleep = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    await until("the query sleeps", async () => (await postgres.server.query(isAsleep))[0]?.["n"] === 1 || undefined);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: "ABORTED" });
    await until("it is cancelled", async () => (await postgres.server.query(isAsleep))[0]?.["n"] === 0 || undefined);
  });
});

test("a source of several servers goes on with the next when the one that it reads is gone", async () => {
  // more than any buffer on the way holds
  const filling = "SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i";
  const table = await makeTable("id int PRIMARY KEY, pad text", filling);
  const proxy = await Proxy.listen(postgres.server.port);
  const first = postgres.server.url().replace(`:${postgres.server.port}/`, `:${proxy.port}/`);
  await using source = await resolvePostgres({ url: [first, postgres.server.url()], table });
  const [split] = source.splits;
  if (split === undefined) throw new TypeError("one split");
  await using reader = await source.open(split, originPosition(split.origin), new AbortController().signal);
  if (reader.kind !== "frames") throw new TypeError("framed");
  let rows = (await reader.read(1024, lend))?.ends.length ?? 0;
  await proxy[Symbol.asyncDispose]();
  const losses: unknown[] = [];
  for (;;) {
    const batch = await reader.read(64 * 1024, lend).catch((thrown: unknown) => {
      losses.push(thrown);
      return null;
    });
    if (batch === undefined) break;
    rows += batch?.ends.length ?? 0;
  }
  expect(losses).toMatchObject([{ code: "SOURCE_UNAVAILABLE" }]);
  expect(rows).toBe(20_000);
});

describe("postgresSource.resolve()", () => {
  test.each([
    ["a table that is not there", { table: "ordres" }, "TABLE_UNKNOWN", /did you mean "orders"\?/],
    [
      "a key that is not there",
      { table: "orders", key: ["idd"] },
      "COLUMN_UNKNOWN",
      /source.key: .*did you mean "id"\?/,
    ],
    ["a key with nulls", { table: "orders", key: ["note"] }, "CONFIG_INVALID", /source.key: note: null in some rows/],
    [
      "a cursor that is not there",
      { table: "orders", incremental: true, cursor: "updated" },
      "COLUMN_UNKNOWN",
      /source.cursor/,
    ],
    ["ranges of a query", { query: "SELECT 1 AS id", splits: 2 }, "CONFIG_INVALID", /source.splits: .*no table/],
    [
      "a lag of what is no time",
      { table: "orders", incremental: true, cursor: "id", lag: "5m" },
      "CONFIG_INVALID",
      /source.lag/,
    ],
    ["a query that is none", { query: "SELEC 1" }, "SOURCE_FAILED", /syntax error/],
    ["columns of one name", { query: "SELECT 1 AS a, 2 AS a" }, "CONFIG_INVALID", /two columns are called "a"/],
  ])("refuses %s", async (_name, options, code, message) => {
    await postgres.server.query("CREATE TABLE IF NOT EXISTS orders (id int PRIMARY KEY, note text)");
    await postgres.server.query("INSERT INTO orders VALUES (1, NULL) ON CONFLICT DO NOTHING");
    const resolving = resolvePostgres({ url: postgres.server.url(), ...options });
    await expect(resolving).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test("holds what the job names to the columns, and reads no others", async () => {
    const table = await makeTable("id int PRIMARY KEY, note text, rest text", "SELECT 1, 'x', 'y'");
    const options = { url: postgres.server.url(), table };
    const unknown = resolvePostgres(options, { select: ["note", "rets"] });
    await expect(unknown).rejects.toMatchObject({
      code: "COLUMN_UNKNOWN",
      message: expect.stringMatching(/did you mean "rest"\?/),
    });
    const declared = resolvePostgres(options, { columns: { idd: { type: "int" } } });
    await expect(declared).rejects.toMatchObject({ code: "COLUMN_UNKNOWN" });
    await expect(resolvePostgres(options, { rename: { id: "note" } })).rejects.toMatchObject({
      code: "HEADER_INVALID",
    });
    await using source = await resolvePostgres(options, { select: ["rest"] });
    expect(await allRows(source)).toEqual(["1\ty"]);
  });

  test("takes the first server that answers, and never shows a password", async () => {
    const dead = "postgres://someone:s3cret@127.0.0.1:1/nowhere";
    await using source = await resolvePostgres({ url: [dead, postgres.server.url()], query: "SELECT 1 AS id" });
    expect(await allRows(source)).toEqual(["1"]);
    const failure: unknown = await resolvePostgres({ url: [dead, dead], table: "orders" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(failure).toMatchObject({ code: "SOURCE_UNAVAILABLE" });
    expect(String(failure)).not.toContain("s3cret");
  });
});
