/** Jobs with an unruly server at one of their ends, and what has to be there once they are through. */
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { defineJob } from "../../../src/config/define-job.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import type { RunJobOptions } from "../../../src/pipeline/run-options.ts";
import type { EmbeddedPostgres } from "../embedded-postgres.ts";
import type { Project } from "../project.ts";
import { itemText } from "./items-api.ts";

/** A part of a job as its file has it. */
export interface Keys {
  readonly [key: string]: unknown;
}

/** Goes on at once: servers of tests recover at the next request. */
export const SOON: Keys = { for: "30s", initialDelay: "5ms", maxDelay: "20ms" };

/** Gives up before a test does. */
export const GIVES_UP: Keys = { for: "100ms", initialDelay: "5ms", maxDelay: "20ms" };

/** Runs a job in this process; paths start from the project's folder, where `out.jsonl` and `rejects.jsonl` are written. */
export async function runHere(project: Project, job: Keys, options: RunJobOptions = {}): Promise<RunSummary> {
  const config = {
    name: "here",
    sink: { type: "file", path: "out.jsonl" },
    rejects: { type: "file", path: "rejects.jsonl" },
    retry: SOON,
    ...job,
  };
  const defined = defineJob(config as unknown as JobConfig, { baseDir: project.folder });
  return await runJob(defined, { state: project.path("state.db"), ...options });
}

/** Makes a table for items. */
export async function makeItemsTable(server: EmbeddedPostgres): Promise<string> {
  const name = `items${crypto.randomUUID().slice(0, 8)}`;
  await server.query(`create table ${name} (id int, name text, big numeric)`);
  return name;
}

/** The rows of a table, as items stand in a page, in the order of their ids. */
export async function itemsIn(server: EmbeddedPostgres, table: string): Promise<readonly string[]> {
  const rows = await server.query(`select id, name, big::text from ${table} order by id, ctid`);
  return rows.map(({ id, name, big }) => `{"id":${String(id)},"name":"${String(name)}","big":${String(big)}}`);
}

/** So many items, from 0 on. */
export function itemTexts(count: number): readonly string[] {
  return Array.from({ length: count }, (_, id) => itemText(id));
}

/** Writes so many records, `{"id": n}` a line, from 0 on. */
export function writeRecords(project: Project, count: number, fields: (id: number) => Keys = () => ({})): string {
  const lines = Array.from({ length: count }, (_, id) => `${JSON.stringify({ id, ...fields(id) })}\n`);
  return project.write("in.jsonl", lines.join(""));
}

/** The numbers from 0 on. */
export function idsTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, id) => id);
}
