/**
 * kill -9 while one table is read into another: in ranges that the run has planned, and incrementally with a writer beside
 * it whose transactions commit late. Nothing is lost and nothing doubled. `KILLS=n ROWS=n SEED=n` for other numbers.
 */
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { Client } from "pg";
import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const KILLS = Number(process.env["KILLS"] ?? 2);
const ROWS = Number(process.env["ROWS"] ?? 15_000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** Small chunks and units: many positions to be caught at. */
const SMALL = { chunk: { size: "16KiB" }, commit: { bytes: "64KiB", interval: "20ms" } };

const postgres = usePostgres();

async function count(what: string): Promise<number> {
  return Number((await postgres.server.query(`SELECT count(${what})::int AS n FROM target`))[0]?.["n"]);
}

async function makeTables(): Promise<void> {
  await postgres.server.query("DROP TABLE IF EXISTS origin, target; DROP SCHEMA IF EXISTS millrace CASCADE");
  await postgres.server.query(
    `CREATE TABLE origin (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, changed timestamptz DEFAULT now());
     CREATE INDEX ON origin (changed, id); CREATE TABLE target (id bigint, note text, changed timestamptz)`,
  );
}

/** Starts the job and kills it once it has committed so many rows; false where it ended before. */
async function runAndKill(project: Project, job: string, rows: number): Promise<boolean> {
  const running = project.start(["run", job]);
  await until(`${rows} rows are committed`, async () => running.over || (await count("*")) >= rows || undefined);
  running.kill("SIGKILL");
  const { signal, code, err } = await running.ended;
  if (signal === null) expect(code, err).toBe(0);
  return signal !== null;
}

/** Whether the newest run has succeeded, also of a process that was killed a moment later: one more reads everything again. */
function hasSucceeded(project: Project): boolean {
  if (!project.exists(".millrace/state.db")) return false;
  using database = new DatabaseSync(project.path(".millrace/state.db"), { readOnly: true, timeout: 5_000 });
  return database.prepare("SELECT state FROM runs ORDER BY seq DESC LIMIT 1").get()?.["state"] === "succeeded";
}

async function runToEnd(project: Project, job: string): Promise<void> {
  const { code, err } = await project.run(["run", job]);
  expect(code, err).toBe(0);
}

function makeJob(project: Project, source: object): string {
  const url = postgres.server.url();
  const config = {
    source: { type: "postgres", url, table: "origin", ...source },
    sink: { type: "postgres", url, table: "target" },
  };
  return project.job({ ...config, ...SMALL, order: "none" });
}

test(`a table in three ranges is read once over ${KILLS} kills, though it grows meanwhile (SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  using project = new Project();
  await makeTables();
  await postgres.server.query(
    `INSERT INTO origin (note) SELECT repeat('x', i % 50) FROM generate_series(1, ${ROWS}) i`,
  );
  const job = makeJob(project, { splits: 3 });
  let kills = 0;
  while (kills < KILLS && !hasSucceeded(project)) {
    if (await runAndKill(project, job, (ROWS * (kills + random())) / (KILLS + 1))) kills++;
    // what the bounds would be taken from if they were found anew
    await postgres.server.query("INSERT INTO origin (note) SELECT 'later' FROM generate_series(1, 5000) i");
  }
  expect(kills).toBeGreaterThan(0);
  if (!hasSucceeded(project)) await runToEnd(project, job);
  const [target] = await postgres.server.query(
    "SELECT count(*)::int AS rows, count(DISTINCT id)::int AS ids, count(*) FILTER (WHERE note <> 'later')::int AS old FROM target",
  );
  expect(target).toMatchObject({ old: ROWS });
  expect(target?.["rows"]).toBe(target?.["ids"]);
}, 600_000);

/** How late the transactions of each writer commit, milliseconds: some stay open while a run looks and begins to read. */
const LATENESS_MS = [50, 100, 300, 800] as const;

/**
 * Inserts and changes rows in transactions that overlap, each of which commits a while after it took its values; resolves
 * when told to end.
 */
async function writeLate(random: Random, ended: AbortSignal): Promise<void> {
  const lanes = LATENESS_MS.map(async (latenessMs, lane) => {
    const client = new Client({ connectionString: postgres.server.url() });
    await client.connect();
    while (!ended.aborted) {
      await client.query("BEGIN; INSERT INTO origin (note) SELECT 'late' FROM generate_series(1, 50) i");
      // rows of its own, or they would wait for each other
      const first = Math.floor(random() * ROWS);
      const some = `id BETWEEN ${first} AND ${first + 40} AND id % ${LATENESS_MS.length} = ${lane}`;
      await client.query(`UPDATE origin SET changed = now() WHERE ${some}`);
      await wait(random() * latenessMs);
      await client.query(random() < 0.1 ? "ROLLBACK" : "COMMIT");
    }
    await client.end();
  });
  await Promise.all(lanes);
}

/** Under either cursor every row is there as it is now; under the time of its change, as it was before, too. */
const OUTCOME = `
SELECT (SELECT count(*)::int FROM origin o WHERE NOT EXISTS (SELECT FROM target t WHERE $same)) AS missed,
  (SELECT count(*)::int FROM (SELECT FROM target GROUP BY $what HAVING count(*) > 1) d) AS doubled`;

test.each([
  ["id", "t.id = o.id", "id"],
  ["changed", "t.id = o.id AND t.changed = o.changed", "id, changed"],
])(
  `an incremental job misses nothing that commits late, over ${KILLS} kills, and doubles nothing: by %s (SEED=${SEED})`,
  async (cursor, same, what) => {
    const random = seededRandom(SEED);
    using project = new Project();
    await makeTables();
    await postgres.server.query(`INSERT INTO origin (note) SELECT 'first' FROM generate_series(1, ${ROWS}) i`);
    const job = makeJob(project, { incremental: true, cursor });
    const end = new AbortController();
    const writing = writeLate(random, end.signal);
    let kills = 0;
    while (kills < KILLS && (await runAndKill(project, job, (ROWS * (kills + random())) / (KILLS + 1)))) kills++;
    expect(kills).toBe(KILLS);
    await runToEnd(project, job);
    end.abort();
    await writing;
    await runToEnd(project, job);
    const [outcome] = await postgres.server.query(OUTCOME.replace("$same", same).replace("$what", what));
    expect(outcome).toEqual({ missed: 0, doubled: 0 });
  },
  600_000,
);
