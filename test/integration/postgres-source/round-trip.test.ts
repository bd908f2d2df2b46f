/** Every built-in type goes from Postgres to Postgres, at once and by way of JSON lines, and is what it was. */
import { beforeAll, describe, expect, test } from "vitest";
import { formatByName } from "../../../src/formats/catalog.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import { readTable } from "../../../src/postgres/catalogue.ts";
import { connect } from "../../../src/postgres/connect.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";
import { createEveryType, createTypes, missingTypes, textsOf } from "./every-type.ts";

const postgres = usePostgres();

beforeAll(async () => {
  await createTypes(postgres.server);
  await createEveryType(postgres.server, "every", true);
});

/** Runs one job. */
async function load(project: Project, source: object, sink: object, more: object = {}): Promise<void> {
  const config = {
    name: "load",
    source,
    sink,
    ...more,
    rejects: { type: "file", path: "rejects.jsonl" },
  } as Parameters<typeof defineJob>[0];
  const summary = await runJob(defineJob(config, { baseDir: project.folder }), { state: { type: "memory" } });
  expect(project.readLines("rejects.jsonl").map(({ message }) => message)).toEqual([]);
  expect(summary).toMatchObject({ state: "succeeded", rejected: 0 });
}

const table = (name: string) => ({ type: "postgres", url: postgres.server.url(), table: name });

describe("a table with a column of every type", () => {
  test("has none of the server's own forgotten", async () => {
    expect(await missingTypes(postgres.server)).toEqual([]);
  });

  test.each(["auto", "text"])("is the same table in Postgres again (copy: %s)", async (copy) => {
    using project = new Project();
    await createEveryType(postgres.server, `direct_${copy}`, false);
    await load(project, table("every"), { ...table(`direct_${copy}`), copy });
    expect(await textsOf(postgres.server, `direct_${copy}`)).toEqual(await textsOf(postgres.server, "every"));
  });

  test("is the same where it goes by binary COPY alone", async () => {
    using project = new Project();
    const { server } = postgres;
    await using connection = await connect({ url: server.url(), applicationName: "test" });
    const { columns } = await readTable(connection, { table: "every" });
    const { writes } = formatByName("pg-copy-binary");
    const names = columns.filter(({ type }) => writes?.(type)).map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    await createEveryType(server, "binary_alone", false);
    await load(project, table("every"), { ...table("binary_alone"), copy: "binary" }, { select: names });
    expect(await textsOf(server, "binary_alone", names)).toEqual(await textsOf(server, "every", names));
  });

  test("is the same table after it was JSON lines", async () => {
    using project = new Project();
    await createEveryType(postgres.server, "by_lines", false);
    await load(project, table("every"), { type: "file", path: "every.jsonl" });
    await load(project, { type: "file", path: "every.jsonl" }, table("by_lines"));
    expect(await textsOf(postgres.server, "by_lines")).toEqual(await textsOf(postgres.server, "every"));
  });
});

describe("a table of an odd shape", () => {
  const wide = Array.from({ length: 200 }, (_, i) => `c${i} int`).join(", ");
  const widest = Array.from({ length: 200 }, () => "i").join(", ");
  const odd = [
    "id",
    'a "quoted" name',
    "it's, a; name",
    "Großschreibung",
    " blanks ",
    "back\\slash",
    "x".repeat(63),
    "select",
  ];
  const names = odd.map((name) => `"${name.replaceAll('"', '""')}"`);

  test.each([
    ["of 200 columns", `id int PRIMARY KEY, ${wide}`, `SELECT i, ${widest} FROM generate_series(1, 500) i`, 500],
    [
      "of one column, with a key of text",
      "word text PRIMARY KEY",
      "SELECT 'w' || i FROM generate_series(1, 500) i",
      500,
    ],
    ["of one column, without a key", "word text", "VALUES (''), (NULL), ('x')", 3],
    ["of no rows", "id int PRIMARY KEY, note text", "SELECT 1, 'x' WHERE false", 0],
    [
      "with names that need quotes",
      `${names.join(" text, ")} text, PRIMARY KEY (${names.slice(0, 7).join(", ")})`,
      `SELECT ${names.map(() => "i || 'x'").join(", ")} FROM generate_series(1, 50) i`,
      50,
    ],
  ])("%s comes through", async (_name, columns, rows, count) => {
    using project = new Project();
    const { server } = postgres;
    const here = '"odd ""schema"""."the table\'s name"';
    await server.query(`DROP SCHEMA IF EXISTS "odd ""schema""" CASCADE; CREATE SCHEMA "odd ""schema"""`);
    await server.query(`CREATE TABLE ${here} (${columns}); INSERT INTO ${here} ${rows}`);
    await server.query(`DROP TABLE IF EXISTS there; CREATE TABLE there (LIKE ${here})`);
    await load(project, table(here), table("there"));
    const texts = async (from: string) => server.query(`SELECT t::text FROM ${from} t ORDER BY 1`);
    expect(await texts("there")).toEqual(await texts(here));
    expect(await texts("there")).toHaveLength(count);
  });
});

test("rejects of a table are tried again as rows of it", async () => {
  using project = new Project();
  const { server } = postgres;
  await server.query(
    "CREATE TABLE untidy (id int PRIMARY KEY, tags text[]); CREATE TABLE tidy (id int CHECK (id <> 2), tags text[])",
  );
  await server.query("INSERT INTO untidy SELECT i, array['a,b', NULL] FROM generate_series(1, 3) i");
  const job = project.job({ source: table("untidy"), sink: table("tidy"), errors: { maxRejectRate: 1 } });
  expect((await project.run(["run", job])).code).toBe(0);
  expect(await server.query("SELECT id FROM tidy ORDER BY 1")).toEqual([{ id: 1 }, { id: 3 }]);
  await server.query("ALTER TABLE tidy DROP CONSTRAINT tidy_id_check");
  const { code, err } = await project.run(["rejects", "replay", job]);
  expect(code, err).toBe(0);
  expect(await server.query("SELECT * FROM tidy WHERE id = 2")).toEqual([{ id: 2, tags: ["a,b", null] }]);
});
