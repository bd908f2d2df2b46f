/** A table of its own for a test, and loads of a few lines into it. */
import { beforeAll } from "vitest";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { defineJob, runJob } from "../../../src/index.ts";
import type { EmbeddedPostgres, QueryRow } from "../../support/embedded-postgres.ts";
import { Project } from "../../support/project.ts";

/** One table. */
export interface TestTable {
  readonly server: EmbeddedPostgres;
  readonly name: string;
  /** By its first column. */
  rows(columns?: string): Promise<readonly QueryRow[]>;
}

/** A record as it stands in the source. */
type Line = { readonly [field: string]: unknown };

/** Keys of the sink but its type, url and table. */
type SinkChange = { readonly [key: string]: unknown };

/** Makes tables, each with a state schema that nothing is in yet. */
export function useTables(
  postgres: { readonly server: EmbeddedPostgres },
  once = "",
): (columns: string, values?: string) => Promise<TestTable> {
  beforeAll(() => postgres.server.query(once));
  return async (columns, values) => {
    const { server } = postgres;
    const name = `t${crypto.randomUUID().slice(0, 8)}`;
    await server.query(`DROP SCHEMA IF EXISTS millrace CASCADE; CREATE TABLE ${name} (${columns})`);
    if (values !== undefined) await server.query(`INSERT INTO ${name} VALUES ${values}`);
    return tableOf(server, name);
  };
}

/** A table, or a view, that is there already or not yet. */
export function tableOf(server: EmbeddedPostgres, name: string): TestTable {
  return { server, name, rows: (columns = "*") => server.query(`SELECT ${columns} FROM ${name} ORDER BY 1`) };
}

/** Runs JSON lines into a table. */
export async function load(
  { server, name }: TestTable,
  lines: readonly Line[],
  sink: SinkChange,
  job: Partial<JobConfig> = {},
): Promise<RunSummary> {
  using project = new Project();
  project.write("in.jsonl", lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const config = {
    name: "modes",
    source: { type: "file", path: "in.jsonl" },
    sink: { type: "postgres", url: server.url(), table: name, ...sink },
    errors: { maxRejectRate: 1 },
    retry: { initialDelay: "5ms", maxDelay: "20ms" },
    workers: 1,
    ...job,
  } as JobConfig;
  return await runJob(defineJob(config, { baseDir: project.folder }), { state: "memory:" });
}

/** In the order of their lines. */
export async function rejectsOf({ server }: TestTable): Promise<readonly QueryRow[]> {
  return await server.query("SELECT line::int, message FROM millrace.rejects ORDER BY line");
}
