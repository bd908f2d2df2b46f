/** Runs of an incremental job that are killed in the middle, over files that grow and rotate: every line takes effect once. */
import { appendFileSync, globSync, renameSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { type CommandLine, Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const postgres = usePostgres();

/** Waits over each record as long as it is told to, so that a run can be caught. */
const TRANSFORM = `const pause = Number(process.env["PAUSE_MS"] ?? 0);
const cell = new Int32Array(new SharedArrayBuffer(4));
export default (record) => {
  if (pause > 0) Atomics.wait(cell, 0, 0, pause);
  return record;
};
`;

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `{"id":${from + i}}\n`).join("");

interface Target {
  readonly sink: { readonly [key: string]: unknown };
  /** Every id that took effect, in order. */
  readonly ids: (project: Project) => Promise<readonly number[]>;
  /** Records whose effect is durable. */
  readonly committed: (project: Project) => Promise<number>;
}

const intoPostgres = async (): Promise<Target> => {
  await postgres.server.query("create table lines (id int)");
  const ids = async () => (await postgres.server.query("select id from lines order by id")).map(({ id }) => Number(id));
  return {
    sink: { type: "postgres", url: postgres.server.url(), table: "lines" },
    ids,
    committed: async () => (await ids()).length,
  };
};

const intoFiles = async (): Promise<Target> => ({
  sink: { type: "file", path: "out/{part}.jsonl", mode: "append", rotate: { records: 100 } },
  ids: async (project) => {
    const parts = globSync("out/*.jsonl", { cwd: project.folder });
    const records = parts.flatMap((part) => project.readLines<{ id: number }>(part));
    return records.map(({ id }) => id).toSorted((a, b) => a - b);
  },
  committed: async (project) => committedRecords(project),
});

/** Of all runs of the job, by the state store. */
function committedRecords(project: Project): number {
  if (!project.exists(".millrace/state.db")) return 0;
  using database = new DatabaseSync(project.path(".millrace/state.db"), { readOnly: true, timeout: 5_000 });
  const tables = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'progress'").all();
  if (tables.length === 0) return 0;
  return Number(database.prepare("SELECT coalesce(sum(read), 0) AS read FROM progress").get()?.["read"]);
}

/** Kills a slow run once it has committed something of its own. */
async function killInTheMiddle(running: CommandLine, committed: () => Promise<number>, before: number): Promise<void> {
  await until("the run commits something", async () => {
    if (running.over) throw new TypeError(`it ended before it was caught: ${running.err}`);
    return (await committed()) > before || undefined;
  });
  running.kill("SIGKILL");
  await running.ended;
}

describe.each([
  ["Postgres", intoPostgres],
  ["files", intoFiles],
])("an incremental job into %s", (_name, target) => {
  test("reads each line once over kills, restarts, appended lines and rotations", async () => {
    using project = new Project();
    const { sink, ids, committed } = await target();
    project.write("pause.ts", TRANSFORM);
    const job = project.job({
      source: { type: "file", path: "logs/*.jsonl*", format: "jsonl", incremental: true },
      columns: { id: "int" },
      transform: "./pause.ts",
      sink,
      chunk: { size: "1KiB" },
      commit: { interval: "20ms" },
    });
    const log = project.path(project.write("logs/app.jsonl", lines(0, 600)));
    const start = (pause: string): CommandLine => project.start(["run", job, "--json"], { PAUSE_MS: pause });

    await killInTheMiddle(start("1"), () => committed(project), 0);
    appendFileSync(log, `${lines(600, 700)}{"id":7`);
    await killInTheMiddle(start("1"), () => committed(project), await committed(project));
    appendFileSync(log, `00}\n${lines(701, 800)}`);
    renameSync(log, `${log}.1`);
    project.write("logs/app.jsonl", lines(800, 1000));
    for (const more of [0, 1]) {
      const ended = await start("0").ended;
      expect(ended.code, ended.err).toBe(0);
      expect(JSON.parse(ended.out)).toMatchObject({ state: "succeeded", balanced: true, ...(more > 0 && { read: 0 }) });
    }
    expect(await ids(project)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  }, 60_000);
});
