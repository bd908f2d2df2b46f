/** Runs that only try: `--limit` and `--dry-run`. */
import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Project } from "../support/project.ts";

const ROWS = Array.from({ length: 500 }, (_, id) => ({ id: id + 1, name: `row "${id + 1}"` }));
const csv = (rows: typeof ROWS): string =>
  `id,name\n${rows.map(({ id, name }) => `${id},"${name.replaceAll('"', '""')}"\n`).join("")}`;

let project: Project;
beforeEach(() => {
  project = new Project();
  project.write("data/a.csv", csv(ROWS.slice(0, 100)));
  project.write("data/b.csv", csv(ROWS.slice(100)));
  project.write(
    "pick.ts",
    `export default (row, context) => {
  if (row.id === 3) context.reject("three is one too many");
  return row.id === 5 ? null : { id: row.id, name: row.name };
};
`,
  );
});
afterEach(() => project[Symbol.dispose]());

const job = (change: object = {}): string =>
  project.job({
    source: { type: "file", path: "data/*.csv" },
    columns: { id: "int" },
    transform: "./pick.ts",
    sink: { type: "file", path: "out.jsonl" },
    ...change,
  });

describe("millrace run --limit", () => {
  test.each([4, 101, 257])("takes the first %i source records of all files, and no others", async (limit) => {
    const { code, summary } = await project.summaryOf([job(), "--limit", String(limit)]);
    expect(code).toBe(0);
    const [rejected, filtered] = [limit >= 3 ? 1 : 0, limit >= 5 ? 1 : 0];
    expect(summary).toMatchObject({
      read: limit,
      rejected,
      filtered,
      written: limit - rejected - filtered,
      resumed: false,
    });
    expect(project.readLines<{ id: number }>("out.jsonl").at(-1)?.id).toBe(limit === 3 ? 2 : limit);
  });

  test("takes elements of an array", async () => {
    project.write("in.json", JSON.stringify(ROWS));
    const array = job({ source: { type: "file", path: "in.json" }, transform: undefined, columns: {} });
    const { summary } = await project.summaryOf([array, "--limit", "2"]);
    expect(summary).toMatchObject({ state: "succeeded", read: 2, written: 2 });
    expect(project.readLines("out.jsonl")).toEqual(ROWS.slice(0, 2));
  });

  test("leaves an unfinished run of the job alone, and is resumed by nothing", async () => {
    const strict = job({ errors: { maxRejects: 0 }, sink: { type: "file", path: "out.jsonl" } });
    const failed = await project.summaryOf([strict]);
    expect(failed.summary.state).toBe("rejected");
    const tried = await project.summaryOf([strict, "--limit", "2"]);
    expect(tried.summary).toMatchObject({ state: "succeeded", read: 2, resumed: false });
    const again = await project.summaryOf([strict, "--accept-rejects"]);
    expect(again.summary).toMatchObject({ state: "succeeded", run: failed.summary.run, read: 500 });
    const named = await project.run(["run", strict, "--resume", tried.summary.run]);
    expect(named.code).toBe(2);
  });
});

describe("millrace run --dry-run", () => {
  test("shows what would be written, tells the rejects with their reasons, and writes nothing anywhere", async () => {
    const before = readdirSync(project.folder, { recursive: true });
    const file = job({ rejects: { type: "file", path: "rejects.jsonl" } });
    const { code, out } = await project.run(["run", file, "--dry-run"]);
    expect(code).toBe(0);
    expect(out).toContain("  498 rows for file out.jsonl, the first 10\n");
    expect(out).toMatch(/^ +id \| name\n +1 \| row "1"\n +2 \| row "2"\n +4 \| row "4"\n/m);
    expect(out).toContain('  1 reject\n    a.csv:4  transform  three is one too many\n      3,"row ""3"""\n');
    expect(readdirSync(project.folder, { recursive: true }).toSorted()).toEqual([...before, "load.json"].toSorted());
  });

  test("goes with --limit and --json", async () => {
    const columns = job({ sink: { type: "file", path: "out.csv" } });
    const { out } = await project.run(["run", columns, "--dry-run", "--limit", "4", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      read: 4,
      written: 3,
      dryRun: {
        sinks: {
          sink: { label: "file out.csv", rows: 3, first: [{ id: "1", name: 'row "1"' }, { id: "2" }, { id: "4" }] },
        },
        rejects: { count: 1, first: [{ split: "data/a.csv", line: 4, code: "TRANSFORM_REJECTED" }] },
      },
    });
    expect(project.exists("out.csv")).toBe(false);
    expect(project.exists(".millrace")).toBe(false);
  });

  test("ends with the code that the run itself would end with", async () => {
    const { code } = await project.run(["run", job({ errors: { maxRejects: 0 } }), "--dry-run", "--quiet"]);
    expect(code).toBe(3);
  });
});
