/** Transforms that fail: the record at fault is a reject, told with the user's own file and line; the rest arrives. */
import { beforeAll, describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { Project } from "../../support/project.ts";

const postgres = usePostgres();
beforeAll(() => postgres.server.query("create table item (id int)"));

/** A module whose third line is what happens to record 2. */
const moduleOf = (line: string): string => `type Item = { id: number; parent?: { name: string } };
export default (item: Item) => {
  ${line}
  return item;
};
`;

const jobOf = (name: string, transform: unknown): { readonly name: string } & { readonly [key: string]: unknown } => ({
  name,
  source: { type: "file", path: "in.csv" },
  columns: { id: "int" },
  transform,
  sink: { type: "postgres", url: postgres.server.url(), table: "item" },
});

interface Case {
  readonly line: string;
  readonly code: string;
  readonly message: string;
  /** Words of the log beside the reject's own. */
  readonly told?: string;
}

const rejected: { readonly [name: string]: Case } = {
  throws: {
    line: "if (item.id === 2) console.log(item.parent.name);",
    code: "TRANSFORM_FAILED",
    message: "fix.ts:3:46: Cannot read properties of undefined (reading 'name')",
  },
  "returns-nothing": {
    line: "if (item.id === 2) return;",
    code: "TRANSFORM_NO_RESULT",
    message: "the transform returned nothing; return a record, or null to filter it",
  },
  hangs: {
    line: "while (item.id === 2);",
    code: "TRANSFORM_TIMEOUT",
    message: "the transform made no progress within its timeout; its thread was ended",
    told: '"msg":"thread died","fault":"hang","split":"in.csv","record":1',
  },
  "exits-its-thread": {
    line: "if (item.id === 2) process.exit(7);",
    code: "TRANSFORM_CRASHED",
    message: "the transform ended its thread (process.exit or a crash)",
    told: '"msg":"thread died","fault":"crash","split":"in.csv","record":1',
  },
};

describe("exactly the record at fault is rejected when the transform", () => {
  test.each(Object.entries(rejected))("%s", async (name, { line, code, message, told = "records rejected" }) => {
    using project = new Project();
    const { server } = postgres;
    await server.query("truncate item");
    project.write("in.csv", "id\n1\n2\n3\n");
    project.write("fix.ts", moduleOf(line));
    const ended = await project.summaryOf([project.job(jobOf(name, { module: "./fix.ts", timeout: "300ms" }))]);
    expect(ended.code, ended.err).toBe(0);
    expect(ended.summary).toMatchObject({ read: 3, written: 2, filtered: 0, rejected: 1, balanced: true, restarts: 0 });
    expect(ended.err).toContain(told);
    expect(ended.err).toContain(`"example":${JSON.stringify(message)}`);
    expect(await server.query("select id from item order by id")).toEqual([{ id: 1 }, { id: 3 }]);
    expect(
      await server.query("select line::int, stage, code, message, raw from millrace.rejects where job = $1", [name]),
    ).toEqual([{ line: 3, stage: "transform", code, message, raw: "2" }]);
  });
});

const unusable: { readonly [name: string]: readonly [text: string | null, message: string] } = {
  missing: [null, "missing.json:10:15: transform: no file fix.ts in "],
  "without-export": [
    "export const transform = 1;\n",
    "fix.ts: no function is exported as `default`; it exports transform",
  ],
  "throws-at-load": [
    "\nnull.name;\nexport default (item) => item;\n",
    "fix.ts: it threw while loading: fix.ts:2:6: Cannot read",
  ],
  "syntax-error": ["export default (item) => {\n", "fix.ts: it cannot be parsed: "],
  enum: ["enum Size { Big }\nexport default (item) => item;\n", "fix.ts: it uses TypeScript that is more than types"],
};

describe("nothing is loaded and the exit code is 2 when the module is", () => {
  test.each(Object.entries(unusable))("%s", async (name, [text, message]) => {
    using project = new Project();
    await postgres.server.query("truncate item");
    project.write("in.csv", "id\n1\n");
    if (text !== null) project.write("fix.ts", text);
    const ended = await project.run(["run", project.job(jobOf(name, "./fix.ts")), "--json", "--quiet"]);
    expect(ended.err).toContain(message);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(await postgres.server.query("select * from item")).toEqual([]);
  });
});
