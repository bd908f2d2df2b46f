/**
 * kill -9 of two jobs at once that share the few connections of a PgBouncer in transaction mode for what they read, what
 * they write and their state. `KILLS=n ROWS=n SEED=n` for other numbers.
 */
import { expect, test } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { findPgBouncer, PgBouncer } from "../support/pgbouncer.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 2);
const ROWS = Number(process.env["ROWS"] ?? 15_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** One for what is read, and one for each of three that write: two sinks and the state. */
const POOL_SIZE = 4;
const MODES = { copied: "append", merged: "upsert" } as const;
const JOBS = Object.keys(MODES);

const postgres = usePostgres();

async function count(tables: readonly string[]): Promise<number> {
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table})`);
  return Number((await postgres.server.query(`SELECT ${counts.join(" + ")} AS n`))[0]?.["n"]);
}

/** The jobs whose newest run has not succeeded. */
async function unfinished(): Promise<readonly string[]> {
  const [state] = await postgres.server.query("SELECT to_regclass('pooled.runs') IS NOT NULL AS made");
  if (state?.["made"] !== true) return JOBS;
  const done = await postgres.server.query(
    "SELECT job FROM (SELECT DISTINCT ON (job) job, state FROM pooled.runs ORDER BY job, seq DESC) r WHERE state = 'succeeded'",
  );
  return JOBS.filter((name) => done.every(({ job }) => job !== name));
}

test.skipIf(findPgBouncer() === undefined)(
  `jobs behind PgBouncer (which is installed) lose and double nothing over ${KILLS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    await using pooler = await PgBouncer.start(postgres.server, { poolSize: POOL_SIZE });
    using project = new Project();
    await postgres.server.query(`CREATE TABLE origin AS SELECT i AS id, repeat('x', i % 50) AS v FROM generate_series(1, ${ROWS}) i;
      ALTER TABLE origin ADD PRIMARY KEY (id); CREATE TABLE copied (id int, v text); CREATE TABLE merged (id int PRIMARY KEY, v text)`);
    const url = pooler.url();
    const [from] = await postgres.server.query(
      "SELECT string_agg(row_to_json(o)::text, chr(10)) AS lines FROM origin o",
    );
    project.write("in.jsonl", `${String(from?.["lines"])}\n`);
    const small = { chunk: { size: "16KiB" }, commit: { bytes: "64KiB", interval: "20ms" }, workers: 1 };
    const sources = { copied: { type: "postgres", url, table: "origin" }, merged: { type: "file", path: "in.jsonl" } };
    for (const name of ["copied", "merged"] as const) {
      project.job({
        name,
        source: sources[name],
        sink: { type: "postgres", url, table: name, mode: MODES[name] },
        ...small,
      });
    }
    const start = (name: string) => project.start(["run", `${name}.json`, `--state=${url}?stateSchema=pooled`]);

    let kills = 0;
    for (let left = await unfinished(); left.length > 0; left = await unfinished()) {
      const running = left.map(start);
      const place = (left.length * ROWS * (kills + random())) / (KILLS + 1);
      const isOver = (): boolean => running.every(({ over }) => over);
      if (kills++ < KILLS) {
        await until("rows are committed", async () => isOver() || (await count(left)) >= place || undefined);
        for (const one of running) one.kill("SIGKILL");
      }
      for (const { signal, code, err } of await Promise.all(running.map(({ ended }) => ended))) {
        if (signal === null) expect(code, err).toBe(0);
      }
    }
    expect(kills).toBeGreaterThan(1);
    for (const name of JOBS) {
      const [outcome] = await postgres.server.query(
        `SELECT count(*)::int AS rows, count(DISTINCT t)::int AS same FROM ${name} t JOIN origin o USING (id, v)`,
      );
      expect([name, outcome]).toEqual([name, { rows: ROWS, same: ROWS }]);
      expect(await count([name])).toBe(ROWS);
    }
  },
  600_000,
);
