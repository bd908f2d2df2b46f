/** A connector of somebody's own under the real command line: the sample sink, killed a few times. */
import { copyFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";
import { until } from "../support/until.ts";

const root = path.resolve(import.meta.dirname, "../..");
/** Lets the sample find the package. */
const hooks = pathToFileURL(path.join(root, "test/support/fixtures/doc-examples-hooks.ts")).href;
const environment = { NODE_OPTIONS: `--import ${hooks}` };

const ROWS = 4_000;

function makeProject(): Project {
  const project = new Project();
  copyFileSync(path.join(root, "docs/samples/sqlite-table.ts"), project.path("sqlite-table.ts"));
  const lines = Array.from({ length: ROWS }, (_, id) => `${id},${id % 100 === 7 ? -1 : id}\n`);
  project.write("orders.csv", `id,amount\n${lines.join("")}`);
  using database = new DatabaseSync(project.path("orders.db"));
  database.exec("CREATE TABLE orders (id INTEGER, amount INTEGER CHECK (amount >= 0))");
  return project;
}

function countIn(project: Project): { readonly rows: number; readonly ids: number } {
  using database = new DatabaseSync(project.path("orders.db"), { timeout: 5_000 });
  return database.prepare("SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM orders").get() as {
    rows: number;
    ids: number;
  };
}

const sink = { type: "module", module: "./sqlite-table.ts", options: { file: "orders.db", table: "orders" } };

test("the sample sink takes every record once, whenever it is killed, and its rejects are listed", async () => {
  using project = makeProject();
  const job = project.job({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    columns: { id: "int", amount: "int" },
    sink,
    chunk: { records: 100 },
    commit: { bytes: "1KiB" },
  });
  for (let kills = 0; kills < 2; kills++) {
    const before = countIn(project).rows;
    const running = project.start(["run", job], environment);
    await until("a commit", () => (running.over || countIn(project).rows > before ? true : undefined));
    running.kill("SIGKILL");
    await running.ended;
  }
  const { code, err, summary } = await project.summaryOf([job], environment);
  expect(code, err).toBe(0);
  expect(summary).toMatchObject({ state: "succeeded", read: ROWS, rejected: ROWS / 100, balanced: true });
  const kept = ROWS - ROWS / 100;
  expect(countIn(project)).toEqual({ rows: kept, ids: kept });
  const listed = await project.run(["rejects", "list", job], environment);
  expect(listed.out).toContain("CHECK constraint failed");
});

test("check says what a connector promises, and where its options are wrong", async () => {
  using project = makeProject();
  const source = { type: "file", path: "orders.csv" };
  const checked = await project.run(["check", project.job({ name: "good", source, sink })], environment);
  expect(checked.out).toContain("file orders.csv -> sqlite");
  expect(checked.out).toContain("takes effect once");
  const wrong = project.job({
    name: "wrong",
    source,
    sink: { ...sink, options: { file: "orders.db", tabel: "orders" } },
  });
  const told = await project.run(["check", wrong], environment);
  expect(told.code).toBe(2);
  expect(told.err).toMatch(/wrong\.json:\d+:\d+: sink\.options\.table: /);
  const missing = project.job({
    name: "missing",
    source,
    sink: { ...sink, options: { file: "orders.db", table: "order" } },
  });
  const looked = await project.run(["check", missing, "--connect"], environment);
  expect(looked.err).toMatch(/missing\.json:\d+:\d+: sink\.options\.table: orders\.db has no table order/);
});
