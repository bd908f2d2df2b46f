/** The commands that look at saved positions and set them back, where these live in the state store and with the data. */
import { globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();
const RECORDS = 400;
const isBad = (id: number): boolean => id % 10 === 0;
const good = Array.from({ length: RECORDS }, (_, i) => i + 1).filter((id) => !isBad(id));

/** A project whose job stops in the middle for its rejects; every tenth record is one. */
function stopping(sink: object): { project: Project; job: string } {
  const project = new Project();
  const lines = Array.from({ length: RECORDS }, (_, i) => `{"id":${i + 1}}\n`);
  project.write("in.jsonl", lines.join(""));
  project.write("pick.ts", `export default (row, context) => (row.id % 10 === 0 ? context.reject("a ten") : row);\n`);
  const job = project.job({
    source: { type: "file", path: "in.jsonl" },
    columns: { id: "int" },
    transform: "./pick.ts",
    sink,
    chunk: { records: 20 },
    commit: { bytes: "1KiB" },
    errors: { maxRejects: 15 },
  });
  return { project, job };
}

interface Target {
  readonly sink: object;
  /** Of rows with higher ids. */
  readonly takeOut: (project: Project, after: number) => Promise<void>;
  readonly ids: (project: Project) => Promise<readonly number[]>;
  readonly place: RegExp;
}

async function intoPostgres(): Promise<Target> {
  await postgres.server.query(
    "drop schema if exists millrace cascade; drop table if exists t; create table t (id int)",
  );
  return {
    sink: { type: "postgres", url: postgres.server.url(), table: "t" },
    takeOut: async (_, after) => void (await postgres.server.query(`delete from t where id > ${after}`)),
    ids: async () => (await postgres.server.query("select id from t order by id")).map(({ id }) => Number(id)),
    place: /table millrace\.progress$/,
  };
}

/** Rows cannot be taken out of files here, so those between the ordinal and the end are there twice. */
async function intoFiles(): Promise<Target> {
  return {
    sink: { type: "file", path: "out/{part}.jsonl", mode: "append" },
    takeOut: async () => {},
    ids: async (project) => {
      const parts = globSync("out/*.jsonl", { cwd: project.folder });
      const ids = parts.flatMap((part) => project.readLines<{ id: number }>(part)).map(({ id }) => id);
      return [...new Set(ids)].toSorted((a, b) => a - b);
    },
    place: /^sqlite/,
  };
}

interface Shown {
  readonly position: { readonly ordinal: number; readonly token: string; readonly line: number };
  readonly epoch: number;
  readonly counts: { readonly [name: string]: number };
  readonly place: string;
  readonly updatedAt: string;
}

async function shown(project: Project, job: string): Promise<readonly Shown[]> {
  const { out, err } = await project.run(["state", "show", job, "--json"]);
  expect(err).toBe("");
  return JSON.parse(out) as Shown[];
}

describe.each([
  ["Postgres", intoPostgres],
  ["files", intoFiles],
])("millrace state, with positions of a sink of %s", (_, target) => {
  test("rewind goes back to an ordinal with its counts and its rejects, and the next run goes on there", async () => {
    const { sink, takeOut, ids, place } = await target();
    const { project, job } = stopping(sink);
    using _removed = project;
    expect((await project.run(["run", job])).code).toBe(3);
    const [before] = await shown(project, job);
    expect(before?.place).toMatch(place);
    const reached = before?.position.ordinal ?? 0;
    expect(reached).toBeGreaterThan(100);

    const refused = await project.run(["state", "rewind", job, "--to", "95"]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(
      `holds ${reached - Math.floor(reached / 10) - 86} records of in.jsonl from behind ordinal 95`,
    );
    await takeOut(project, 95);
    const rewound = await project.run(["state", "rewind", job, "--to", "95", "--keep-written"]);
    expect(rewound.err).toBe("");
    expect(await shown(project, job)).toMatchObject([
      {
        position: { ordinal: 95, token: String(9 * 9 + 86 * 10), line: 96 },
        epoch: (before?.epoch ?? 0) + 1,
        counts: { read: 95, written: 86, rejected: 9, filtered: 0, emitted: 86 },
        updatedAt: expect.stringMatching(/^\d{4}-/),
      },
    ]);

    const { summary } = await project.summaryOf([job, "--accept-rejects"]);
    expect(summary).toMatchObject({
      state: "succeeded",
      balanced: true,
      read: RECORDS,
      written: good.length,
      rejected: 40,
    });
    expect(await ids(project)).toEqual(good);
  });

  test("forget makes the next run begin at the start, and is asked for", async () => {
    const { sink, takeOut, ids } = await target();
    const { project, job } = stopping(sink);
    using _removed = project;
    await project.run(["run", job]);
    const asked = await project.run(["state", "forget", job]);
    expect(asked).toMatchObject({ code: 2, err: expect.stringMatching(/written records.*\n.*--yes/s) });
    expect((await project.run(["state", "forget", job, "--yes"])).code).toBe(0);
    await takeOut(project, 0);
    expect(await shownOrNothing(project, job)).toEqual([]);
    const { summary } = await project.summaryOf([job, "--accept-rejects"]);
    expect(summary).toMatchObject({ state: "succeeded", resumed: false, read: RECORDS });
    expect(await ids(project)).toEqual(good);
  });
});

async function shownOrNothing(project: Project, job: string): Promise<unknown> {
  return JSON.parse((await project.run(["state", "show", job, "--json"])).out);
}

describe("millrace state rewind", () => {
  test("says what cannot be gone back to", async () => {
    const { sink } = await intoPostgres();
    const { project, job } = stopping(sink);
    using _removed = project;
    const none = await project.run(["state", "rewind", job, "--to", "start"]);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining("no state store at") });
    await project.run(["run", job]);
    const [ahead, other, word] = await Promise.all([
      project.run(["state", "rewind", job, "--to", "399"]),
      project.run(["state", "rewind", job, "--to", "start", "--split", "inn.jsonl", "--run", "01J"]),
      project.run(["state", "rewind", job, "--to", "-3"]),
    ]);
    expect(ahead.err).toMatch(/--to 399: in\.jsonl was read up to ordinal \d+; a position can only be set back/);
    expect(other.err).toContain("--run 01J: job load has no such run");
    expect(word.err).toContain("--to takes the number of source records that stay consumed, or start");
    expect([ahead.code, other.code, word.code]).toEqual([2, 2, 2]);
    await project.run(["run", job, "--accept-rejects"]);
    const over = await project.run(["state", "rewind", job, "--to", "start"]);
    expect(over.err).toContain("knows no run that the next one would go on with");
  });
});

describe("millrace state ddl", () => {
  test("is what an owner runs so that a role without CREATE can run the job, its state in the same database", async () => {
    await postgres.server.query(
      "drop schema if exists millrace cascade; drop table if exists t; create table t (id int);" +
        "drop role if exists loader; create role loader login password 'x'; grant insert, select on t to loader",
    );
    const url = new URL(postgres.server.url());
    await postgres.server.query(
      `revoke create on database ${JSON.stringify(url.pathname.slice(1))} from loader, public`,
    );
    url.username = "loader";
    url.password = "x";
    const { project, job } = stopping({ type: "postgres", url: url.href, table: "t" });
    using _removed = project;
    const run = ["run", job, "--accept-rejects", "--state", url.href];
    expect(await project.run(run)).toMatchObject({ code: 1, err: expect.stringContaining("the role") });

    const { out } = await project.run(["state", "ddl", job, "--state", url.href]);
    expect(out).not.toContain(url.password + "@");
    await postgres.server.query(out);
    expect((await project.run(run)).err).not.toContain("error");
    const [row] = await postgres.server.query("select count(*)::int as rows from t");
    expect(row?.["rows"]).toBe(good.length);
    const listed = await project.run(["runs", job, "--json", "--state", url.href]);
    expect(JSON.parse(listed.out)).toMatchObject([
      { job: "load", state: "succeeded", written: good.length, trigger: "manual" },
    ]);
  });
});
