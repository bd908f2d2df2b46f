/** Records that end their thread, each in its own way, beside rows that the server refuses: exactly they are rejected. */
import { describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();

const FATAL = `
type Item = { id: number };
const fatal = (item: Item): void => {
  if (item.id === 7) throw new TypeError("seven");
  if (item.id === 23) process.exit(3);
  if (item.id === 31) for (;;);
  if (item.id === 47) for (const eaten: unknown[] = []; ; ) eaten.push(new Array(1000).fill(item));
};
`;

const modules = {
  record: "export default (item: Item) => { fatal(item); return item; };",
  chunk: "export const transformChunk = (items: Item[]) => items.map((item) => { fatal(item); return item; });",
  async: "export default async (item: Item) => { await null; fatal(item); return item; };",
} as const;

/** What becomes of each of them. */
const REJECTS = [
  { line: 8, raw: "7", code: "TRANSFORM_FAILED", sink: null },
  { line: 12, raw: "11", code: "ROW_REFUSED", sink: "sink" },
  { line: 24, raw: "23", code: "TRANSFORM_CRASHED", sink: null },
  { line: 32, raw: "31", code: "TRANSFORM_TIMEOUT", sink: null },
  { line: 48, raw: "47", code: "TRANSFORM_CRASHED", sink: null },
  { line: 61, raw: "60", code: "ROW_REFUSED", sink: "sink" },
] as const;

const ids = Array.from({ length: 60 }, (_, index) => index + 1);
const good = ids.filter((id) => !REJECTS.some(({ raw }) => raw === String(id)));

describe("a record that kills, hangs or bloats its thread is rejected alone", () => {
  test.each(Object.entries(modules))("in mode %s", async (mode, text) => {
    using project = new Project();
    const { server } = postgres;
    await server.query(`CREATE TABLE ${mode}_items (id int CHECK (id NOT IN (11, 60)))`);
    project.write("in.csv", `id\n${ids.join("\n")}\n`);
    project.write("fatal.ts", FATAL + text);
    const job = project.job({
      name: mode,
      source: { type: "file", path: "in.csv" },
      columns: { id: "int" },
      transform: { module: "./fatal.ts", mode, timeout: "1500ms", memory: "48MiB" },
      sink: { type: "postgres", url: server.url(), table: `${mode}_items` },
      workers: 2,
      chunk: { records: 20 },
      errors: { maxRejectRate: 1 },
    });
    const { summary, err } = await project.summaryOf([job]);
    const figures = { read: 60, written: good.length, rejected: REJECTS.length, balanced: true };
    expect(summary, err).toMatchObject({ state: "succeeded", ...figures, restarts: 0 });
    const rows = await server.query(`SELECT id FROM ${mode}_items ORDER BY id`);
    expect(rows.map(({ id }) => id)).toEqual(good);
    const rejects = "SELECT line::int, raw, code, sink FROM millrace.rejects WHERE job = $1 ORDER BY line";
    expect(await server.query(rejects, [mode])).toEqual(REJECTS);
  });
});
