/** Rows that only the server can refuse: exactly they are rejected, and all others are written once. */
import { describe, expect, test } from "vitest";
import { defineJob, runJob } from "../../../src/index.ts";
import { POISON_KINDS, type PoisonKind } from "../../support/poison-kinds.ts";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();

const RECORDS = 60;
/** The first and the last record, both sides of a chunk's end, two in a row, and one alone. */
const BAD = [0, 19, 20, 33, 34, 47, 59];
const ids = Array.from({ length: RECORDS }, (_, id) => id);

async function load(kind: PoisonKind, lines: readonly string[], change: object = {}) {
  const { server } = postgres;
  using project = new Project();
  await server.query(`DROP SCHEMA IF EXISTS millrace CASCADE; DROP TABLE IF EXISTS t, parents CASCADE;
    DROP DOMAIN IF EXISTS few, given; ${kind.ddl}`);
  project.write("in.jsonl", `${lines.join("\n")}\n`);
  const config = {
    name: "poison",
    source: { type: "file" as const, path: "in.jsonl" },
    sink: { type: "postgres" as const, url: server.url(), table: "t" },
    chunk: { records: 20 },
    errors: { maxRejectRate: 1 },
    workers: 1,
    ...change,
  };
  const summary = await runJob(defineJob(config, { baseDir: project.folder }), { state: "memory:" });
  const rows = await server.query("SELECT id FROM t ORDER BY id");
  const rejects = await server.query("SELECT line::int, raw, code, stage, sink, message FROM millrace.rejects ORDER BY line");
  return { summary, ids: rows.map(({ id }) => id), rejects };
}

describe("of records with bad ones among them exactly those are rejected that violate", () => {
  test.each(Object.entries(POISON_KINDS))("%s", async (_name, kind) => {
    const lines = ids.map((id) => JSON.stringify({ id, n: BAD.includes(id) ? kind.bad(id) : kind.good(id) }));
    const loaded = await load(kind, lines);
    expect(loaded.summary.error).toBeNull();
    expect(loaded.ids).toEqual(ids.filter((id) => !BAD.includes(id)));
    expect(loaded.rejects).toEqual(
      BAD.map((id) => ({
        line: id + 1,
        raw: lines[id],
        code: "ROW_REFUSED",
        stage: "write",
        sink: "sink",
        message: expect.stringContaining(`(${kind.sqlstate})`),
      })),
    );
    expect(loaded.summary).toMatchObject({
      state: "succeeded",
      read: RECORDS,
      written: RECORDS - BAD.length,
      rejected: BAD.length,
      balanced: true,
      retries: 0,
    });
  });
});
