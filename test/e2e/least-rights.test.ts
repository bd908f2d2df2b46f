/** The grants of docs/security.md are enough for a run: into its table, with its positions, rejects and state. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { usePostgres } from "../support/postgres.ts";
import { Project } from "../support/project.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/security.md"), "utf8");
const [ofTheData = "", ofTheSchemas = ""] = Array.from(
  page.matchAll(/^```sql\n(?<sql>.*?)^```/gms),
  ({ groups }) => groups?.["sql"] ?? "",
);
const postgres = usePostgres();

test("a run needs no more rights than docs/security.md grants", async () => {
  const { server } = postgres;
  const password = "secret";
  await server.query(`CREATE TABLE orders (id int NOT NULL);
    CREATE ROLE millrace LOGIN PASSWORD '${password}';
    CREATE ROLE millrace_state LOGIN PASSWORD '${password}';
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    ${ofTheData}`);
  using project = new Project();
  project.write("in.csv", "id\n1\nbad\n3\n");
  const job = project.job({
    name: "orders",
    source: { type: "file", path: "in.csv", incremental: true },
    columns: { id: "int" },
    sink: { type: "postgres", url: server.url({ user: "millrace", password }), table: "orders" },
  });
  const state = ["--state", server.url({ user: "millrace_state", password })];

  const ddl = await project.run(["state", "ddl", job, ...state]);
  expect(ddl.code, ddl.err).toBe(0);
  expect(ddl.out).not.toContain(password);
  for (const grant of ofTheSchemas.trim().split("\n")) expect(ddl.out).toContain(grant);
  await server.query(ddl.out);

  const { code, err, summary } = await project.summaryOf([job, ...state]);
  expect(code, err).toBe(0);
  expect(summary).toMatchObject({ state: "succeeded", written: 2, rejected: 1 });
  project.write("in.csv", "id\n1\nbad\n3\n4\n");
  expect((await project.summaryOf([job, ...state])).summary).toMatchObject({ state: "succeeded", read: 1 });
  expect(await server.query("SELECT id FROM orders ORDER BY id")).toEqual([{ id: 1 }, { id: 3 }, { id: 4 }]);
  expect((await project.run(["rejects", "list", job, ...state])).out).toContain("VALUE_INVALID");
});
