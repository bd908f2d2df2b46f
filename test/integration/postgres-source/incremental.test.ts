/** What incremental reads find: all that is new, once, also of transactions that commit late. */
import { Client } from "pg";
import { describe, expect, test } from "vitest";
import type { BoundSource } from "../../../src/core/ports/source.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { usePostgres } from "../../support/postgres.ts";
import { resolvePostgres, rowsOf } from "../../support/postgres-source.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres({ settings: { max_prepared_transactions: 5 } });

/** A session of its own, to keep a transaction open. */
async function session(database = "postgres"): Promise<Client & AsyncDisposable> {
  const client = new Client({ connectionString: postgres.server.url({ database }) });
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

const bind = (table: string, options: object = {}): Promise<BoundSource> =>
  resolvePostgres({ url: postgres.server.url(), table, incremental: true, cursor: "id", ...options });

/** What a run would read that knows what the one before has read. */
async function newRows(source: BoundSource, token: string | null): Promise<readonly string[]> {
  const continued =
    (await source.continueFrom?.(token === null ? [] : [{ id: source.splits[0]?.id ?? "", token }])) ?? source;
  const [split] = continued.splits;
  if (split === undefined) return [];
  return rowsOf(continued, split, { ordinal: 0n, token: token ?? split.origin });
}

describe("PostgresSource.continueFrom()", () => {
  test("waits for transactions that took their value before and commit after", async () => {
    await postgres.server.query("CREATE TABLE late (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, who text)");
    await using slow = await session();
    await slow.query("BEGIN; INSERT INTO late (who) VALUES ('slow')");
    await postgres.server.query("INSERT INTO late (who) VALUES ('quick')");
    await using source = await bind("late");
    const reading = newRows(source, null);
    await postgres.server.query("INSERT INTO late (who) VALUES ('later')");
    await slow.query("COMMIT");
    const first = await reading;
    await using next = await bind("late");
    const second = await newRows(next, JSON.stringify([String(first.length)]));
    expect([...first, ...second]).toEqual(["1\tslow", "2\tquick", "3\tlater"]);
    expect(first.length).toBeGreaterThan(1);
  });

  test("sees open transactions of others with no more than the right to read the table", async () => {
    await postgres.server.query("CREATE ROLE reader LOGIN PASSWORD 'millrace'");
    await postgres.server.query("CREATE TABLE guarded (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)");
    await postgres.server.query("GRANT SELECT ON guarded TO reader");
    await using slow = await session();
    await slow.query("BEGIN; INSERT INTO guarded DEFAULT VALUES");
    await postgres.server.query("INSERT INTO guarded DEFAULT VALUES");
    const url = postgres.server.url({ user: "reader" });
    await using source = await bind("guarded", { url });
    const reading = newRows(source, null);
    await slow.query("COMMIT");
    expect(await reading).toEqual(["1", "2"]);
    await using divided = await resolvePostgres({ url, table: "guarded", splits: 2 });
    const rows: (readonly string[])[] = [];
    for (const split of divided.splits) rows.push(await rowsOf(divided, split));
    expect(rows.flat()).toEqual(["1", "2"]);
  });

  test("waits for prepared transactions, and not for those of other databases", async () => {
    await postgres.server.query("CREATE TABLE prepared (id int PRIMARY KEY)");
    await postgres.server.query("INSERT INTO prepared VALUES (2)");
    await using writer = await session();
    await writer.query("BEGIN; INSERT INTO prepared VALUES (1); PREPARE TRANSACTION 'one'");
    await postgres.server.query("CREATE DATABASE elsewhere");
    await using other = await session("elsewhere");
    await other.query("BEGIN; SELECT 1");
    await using source = await bind("prepared");
    const reading = newRows(source, null);
    await writer.query("COMMIT PREPARED 'one'");
    expect(await reading).toEqual(["1", "2"]);
  });

  test("tells rows of one time apart by their key, and reads a changed row again", async () => {
    const at = "2024-01-01 00:00:00.123456+00";
    await postgres.server.query("CREATE TABLE times (id int PRIMARY KEY, updated_at timestamptz)");
    await postgres.server.query(`INSERT INTO times SELECT i, '${at}' FROM generate_series(1, 3) i`);
    await postgres.server.query("INSERT INTO times VALUES (9, NULL)");
    const options = { cursor: "updated_at" };
    await using source = await bind("times", options);
    expect(await newRows(source, JSON.stringify([at, "2"]))).toEqual([`3\t${at}`]);
    await postgres.server.query("UPDATE times SET updated_at = '2024-01-02Z' WHERE id = 1");
    await using again = await bind("times", options);
    expect(await newRows(again, JSON.stringify([at, "3"]))).toEqual(["1\t2024-01-02 00:00:00+00"]);
  });

  test("stays behind now where the job says how far, and waits for nobody", async () => {
    await postgres.server.query("CREATE TABLE lagging (id int PRIMARY KEY, updated_at timestamptz)");
    await postgres.server.query("INSERT INTO lagging VALUES (1, now() - interval '1 hour'), (2, now())");
    await using open = await session();
    await open.query("BEGIN; SELECT 1");
    await using source = await bind("lagging", { cursor: "updated_at", lag: "5m" });
    const rows = await newRows(source, null);
    expect(rows.map((row) => row.split("\t")[0])).toEqual(["1"]);
  });

  test("names the transaction that it waits for in vain", { timeout: 30_000 }, async () => {
    await postgres.server.query("CREATE TABLE blocked (id int PRIMARY KEY); INSERT INTO blocked VALUES (1)");
    await using open = await session();
    await open.query("BEGIN; SELECT 1");
    await using source = await bind("blocked");
    const waiting = source.continueFrom?.([]);
    await expect(waiting).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: expect.stringMatching(
        /a transaction \(pid \d+ of postgres, open for \d+ s\) .* may still add rows to blocked/,
      ),
    });
  });
});

test("runs of an incremental job read each row once", async () => {
  using project = new Project();
  await postgres.server.query("CREATE TABLE feed (id int PRIMARY KEY); CREATE TABLE copied (id int)");
  const job = defineJob(
    {
      name: "feed",
      source: { type: "postgres", url: postgres.server.url(), table: "feed", incremental: true, cursor: "id" },
      sink: { type: "postgres", url: postgres.server.url(), table: "copied" },
    },
    { baseDir: project.folder },
  );
  const read: number[] = [];
  for (const upTo of [0, 10, 10, 25]) {
    await postgres.server.query(`INSERT INTO feed SELECT i FROM generate_series(1, ${upTo}) i ON CONFLICT DO NOTHING`);
    read.push((await runJob(job, { state: project.path("state.db") })).read);
  }
  expect(read).toEqual([0, 10, 0, 15]);
  const [copied] = await postgres.server.query(
    "SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids FROM copied",
  );
  expect(copied).toEqual({ rows: 25, ids: 25 });
});
