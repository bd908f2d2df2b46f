/**
 * Everything of Postgres behind a PgBouncer in transaction mode that has few connections: a transaction is all that a
 * client has to itself there, and what one leaves in a session is found by another.
 */
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { findPgBouncer, PgBouncer } from "../../support/pgbouncer.ts";
import { usePostgres } from "../../support/postgres.ts";
import { resolvePostgres } from "../../support/postgres-source.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

/** One for the rows that are read, one for those that are written. */
const POOL_SIZE = 2;

const postgres = usePostgres();
let pooler: PgBouncer | undefined;

beforeAll(async () => {
  if (findPgBouncer() !== undefined) pooler = await PgBouncer.start(postgres.server, { poolSize: POOL_SIZE });
});
afterAll(() => pooler?.[Symbol.asyncDispose]());

const url = (): string => pooler?.url() ?? "";
const ask = (sql: string) => postgres.server.query(sql);

/** Runs a job, with its state behind the pooler, too. */
async function run(name: string, source: object, sink: object, more: Partial<JobConfig> = {}): Promise<RunSummary> {
  using project = new Project();
  const config = { name, source, sink, retry: { initialDelay: "20ms" }, workers: 1, ...more } as unknown as JobConfig;
  return await runJob(defineJob(config, { baseDir: project.folder }), { state: `${url()}?stateSchema=pooled_state` });
}

const table = (name: string, more: object = {}) => ({ type: "postgres", url: url(), table: name, ...more });

describe.skipIf(findPgBouncer() === undefined)("behind PgBouncer (which is installed)", () => {
  test.each(["append", "upsert", "insertIgnore", "replace", "insert"])(
    "a table goes into another: %s",
    async (mode) => {
      await ask("DROP TABLE IF EXISTS origin, target");
      await ask("CREATE TABLE origin AS SELECT i AS id, 'v' || i AS v FROM generate_series(1, 5000) i");
      await ask("ALTER TABLE origin ADD PRIMARY KEY (id)");
      await ask("CREATE TABLE target (id int PRIMARY KEY, v text CHECK (v <> 'v4000'))");
      const small = { chunk: { size: "8KiB" }, commit: { bytes: "16KiB" } };
      const summary = await run(mode.toLowerCase(), table("origin"), table("target", { mode }), small);
      expect(summary).toMatchObject({ state: "succeeded", error: null, written: 4999, rejected: 1, balanced: true });
      expect(await ask("SELECT count(*)::int, sum(id)::int FROM target")).toEqual([
        { count: 4999, sum: (5000 * 5001) / 2 - 4000 },
      ]);
    },
  );

  test("an upsert twice leaves the last values once", async () => {
    await ask("DROP TABLE IF EXISTS origin, target; CREATE TABLE target (id int PRIMARY KEY, v text)");
    await ask("CREATE TABLE origin AS SELECT i AS id, 'a' AS v FROM generate_series(1, 300) i");
    const sink = table("target", { mode: "upsert" });
    for (const v of ["a", "b"]) {
      await ask(`UPDATE origin SET v = '${v}'`);
      await run(`twice`, table("origin", { key: ["id"] }), sink);
    }
    expect(await ask("SELECT v, count(*)::int FROM target GROUP BY v")).toEqual([{ v: "b", count: 300 }]);
  });

  test("three jobs at once share two connections, and leave nothing of theirs in them", async () => {
    using project = new Project();
    project.write("in.jsonl", Array.from({ length: 4000 }, (_, id) => `${JSON.stringify({ id, v: "x" })}\n`).join(""));
    await ask(
      "DROP TABLE IF EXISTS a, b, c; CREATE TABLE a (id int, v text); CREATE TABLE b (LIKE a); CREATE TABLE c (LIKE a)",
    );
    await ask("ALTER TABLE c ADD PRIMARY KEY (id)");
    const source = { type: "file", path: project.path("in.jsonl") };
    const more = { chunk: { size: "4KiB" }, commit: { bytes: "8KiB" } };
    const modes = { a: "append", b: "replace", c: "upsert" };
    const runs = Object.entries(modes).map(([name, mode]) => run(name, source, table(name, { mode }), more));
    for (const summary of await Promise.all(runs)) expect(summary).toMatchObject({ state: "succeeded", written: 4000 });
    for (const name of Object.keys(modes)) {
      expect(await ask(`SELECT count(DISTINCT id)::int AS ids, count(*)::int AS rows FROM ${name}`)).toEqual([
        { ids: 4000, rows: 4000 },
      ]);
    }
    // both connections, each held by a transaction
    await using clients = new AsyncDisposableStack();
    for (let count = 0; count < POOL_SIZE; count++) {
      const client = new Client({ connectionString: url() });
      await client.connect();
      clients.defer(() => client.end());
      await client.query("BEGIN");
      expect((await client.query(LEFT_BEHIND)).rows).toEqual([]);
    }
  });

  test("incremental runs wait for transactions that commit late", async () => {
    await ask("DROP TABLE IF EXISTS feed, target; CREATE TABLE target (id int)");
    await ask("CREATE TABLE feed (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)");
    const slow = new Client({ connectionString: postgres.server.url() });
    await slow.connect();
    await slow.query("BEGIN; INSERT INTO feed DEFAULT VALUES");
    await ask("INSERT INTO feed DEFAULT VALUES");
    const running = run("feed", table("feed", { incremental: true, cursor: "id" }), table("target"));
    await until(
      "it looks at the open transactions",
      async () =>
        (await ask("SELECT FROM pg_stat_activity WHERE query LIKE '%virtualxid%' AND pid <> pg_backend_pid()")).length >
          0 || undefined,
    );
    await slow.query("COMMIT");
    await slow.end();
    expect(await running).toMatchObject({ state: "succeeded", written: 2 });
  });

  test("key ranges are read as of one moment where the pooler has connections for all of them", async () => {
    await using wide = await PgBouncer.start(postgres.server, { poolSize: 5 });
    await ask("DROP TABLE IF EXISTS origin, target; CREATE TABLE target (id int)");
    await ask("CREATE TABLE origin AS SELECT i AS id FROM generate_series(1, 30000) i");
    await ask("ALTER TABLE origin ADD PRIMARY KEY (id)");
    const at = { url: wide.url() };
    const summary = await run("ranges", table("origin", { ...at, splits: 3 }), table("target", at), { order: "none" });
    expect(summary).toMatchObject({ state: "succeeded", written: 30_000 });
  });

  test("a pooler that cannot serve a job says what to change", async () => {
    await using byStatement = await PgBouncer.start(postgres.server, {
      poolSize: 1,
      settings: { pool_mode: "statement" },
    });
    await expect(resolvePostgres({ url: byStatement.url(), query: "SELECT 1 AS id" })).rejects.toMatchObject({
      code: "SOURCE_FAILED",
      retryable: false,
      message: expect.stringMatching(/statement pooling mode.*set pool_mode = transaction/),
    });
    await using narrow = await PgBouncer.start(postgres.server, { poolSize: 1, settings: { query_wait_timeout: 1 } });
    await using greedy = new AsyncDisposableStack();
    const client = new Client({ connectionString: narrow.url() });
    await client.connect();
    greedy.defer(() => client.end());
    await client.query("BEGIN");
    await expect(resolvePostgres({ url: narrow.url(), query: "SELECT 1 AS id" })).rejects.toMatchObject({
      code: "SOURCE_UNAVAILABLE",
      message: expect.stringMatching(/query_wait_timeout.*raise default_pool_size/),
    });
  });

  test("a run that is stopped ends its query, though no connection is left to ask for that", async () => {
    await using narrow = await PgBouncer.start(postgres.server, { poolSize: 1 });
    const query = "SELECT i AS id, CASE WHEN i > 1 THEN pg_sleep(60) END AS nap FROM generate_series(1, 2) i";
    using project = new Project();
    const source = { type: "postgres", url: narrow.url(), query };
    const running = project.start(["run", project.job({ source, sink: { type: "file", path: "out.jsonl" } })]);
    const asleep = async () => (await ask("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length;
    await until("the query sleeps", async () => (await asleep()) > 0 || undefined);
    running.kill("SIGINT");
    await until("it is cancelled", async () => (await asleep()) === 0 || undefined);
    await running.ended;
  });
});

/** Settings of the session, but for the one that the pooler sets for each client, and temporary tables. */
const LEFT_BEHIND = `
SELECT name || ' = ' || setting AS left FROM pg_settings WHERE source = 'session' AND name <> 'application_name'
UNION ALL SELECT relname FROM pg_class WHERE relpersistence = 't'`;
