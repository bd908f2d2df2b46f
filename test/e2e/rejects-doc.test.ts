/** What docs/rejects.md shows is what the program says. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { Project } from "../support/project.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../docs/rejects.md"), "utf8");
const EXAMPLE = /^```sh(?<fixed> fixed)?\n(?<commands>[^`]*)```\n```text\n(?<said>[\s\S]*?)```$/gm;
const RUN = /\b[0-9A-HJKMNP-TV-Z]{26}\b/g;
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::[\d.]+Z)?/g;

test("the examples of rejects.md say what the page shows", async () => {
  using project = new Project();
  project.write("orders.csv", "id,email,quantity\n1,a@b.de,1\n2,anna,1\n3,c@d.de,two\n");
  project.write("orders.mjs", 'export default (o, c) => (o.email.includes("@") ? o : c.reject("bad e-mail"));\n');
  const keys = ["source: { type: file, path: orders.csv }", "columns: { quantity: int }", "transform: orders.mjs"];
  project.write("orders.yaml", ["name: orders", ...keys, "sink: { type: file, path: out.jsonl }", ""].join("\n"));
  expect((await project.summaryOf(["orders.yaml"])).summary).toMatchObject({ written: 1, rejected: 2 });
  const examples = [...page.matchAll(EXAMPLE)].map(({ groups }) => groups ?? {});
  expect(examples).toHaveLength(4);
  for (const { fixed, commands = "", said } of examples) {
    if (fixed !== undefined) project.write("orders.mjs", "export default (o) => o;\n");
    let out = "";
    for (const command of commands.trim().split("\n")) {
      const ended = await project.run(command.split(" ").slice(1));
      expect(ended.code, ended.err).toBe(0);
      out += ended.out;
    }
    expect(out.replaceAll(RUN, "RUN").replaceAll(TIME, "TIME")).toBe(said);
  }
}, 60_000);
