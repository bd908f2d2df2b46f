/** Files that are not there or are not what the job says: told before anything is written. */
import { describe, expect, test } from "vitest";
import { Project } from "../../support/project.ts";

const job = {
  source: { type: "file", path: "in/*.csv" },
  columns: { id: "int", amount: "decimal" },
  sink: { type: "file", path: "out/rows.jsonl" },
};

/** The job file of `job`, as its messages name it. */
const JOB = "load.json";

interface Case {
  readonly files: { readonly [name: string]: string };
  readonly change?: { readonly [key: string]: unknown };
  readonly message: string;
}

const refused: { readonly [what: string]: Case } = {
  "a missing file": {
    files: {},
    change: { source: { type: "file", path: "orders.csv" } },
    message: `${JOB}:4:11: source.path: no file matches orders.csv\n  the folder . holds 1 other file, such as load.json\n`,
  },
  "a missing file with a neighbour": {
    files: { "orders-1.csv": "id\n" },
    change: { source: { type: "file", path: "order-1.csv" } },
    message: `${JOB}:4:11: source.path: no file matches order-1.csv\n  did you mean orders-1.csv?\n`,
  },
  "an empty glob": {
    files: { "in/a.txt": "id\n" },
    message: `${JOB}:4:11: source.path: no file matches in/*.csv\n  the folder in holds 1 other file, such as a.txt\n`,
  },
  "a header without a declared column": {
    files: { "in/a.csv": "id,amount\n1,2\n", "in/b.csv": "id,amuont\n1,2\n" },
    message: `${JOB}:8:13: columns.amount: the header of in/b.csv has no such column`,
  },
  "an empty file": {
    files: { "in/a.csv": "id,amount\n1,2\n", "in/b.csv": "" },
    message:
      "error: in/b.csv: it is empty, and a header line was expected; a file without one needs csv: { header: false } or { header: [names] } (HEADER_INVALID)\n",
  },
  "a header that names a column twice": {
    files: { "in/a.csv": "id,amount,id\n1,2,3\n" },
    message:
      'error: in/a.csv: the header line names "id" twice: give each field a name of its own, or list the names in csv.header (HEADER_INVALID)\n',
  },
};

describe("exit code 2, and nothing is written:", () => {
  test.each(Object.entries(refused))("%s", async (_what, { files, change = {}, message }) => {
    using project = new Project();
    for (const [name, text] of Object.entries(files)) project.write(name, text);
    const ended = await project.run(["run", project.job({ ...job, ...change }), "--json"]);
    expect(ended.err.startsWith(message), ended.err).toBe(true);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(project.exists("out")).toBe(false);
  });
});

test("a file with nothing but a header is no records", async () => {
  using project = new Project();
  project.write("in/head.csv", "id,amount\n");
  project.write("in/rows.csv", "id,amount\n7,1.50\n");
  const { code, summary } = await project.summaryOf([project.job(job)]);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ state: "succeeded", read: 1, written: 1, rejected: 0, balanced: true });
  expect(project.read("out/rows.jsonl")).toBe('{"id":7,"amount":"1.50"}\n');
});
