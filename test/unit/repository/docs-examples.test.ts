import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { runExamples } from "../../support/doc-examples.ts";

const docs = path.resolve(import.meta.dirname, "../../../docs");
const pages = globSync("**/*.md", { cwd: docs }).filter((page) =>
  /^```ts$/m.test(readFileSync(path.join(docs, page), "utf8")),
);

test("there are pages with examples", () => expect(pages).toContain("programs.md"));

test.each(pages)("the examples of %s run and print what the page says", async (page) => {
  const examples = await runExamples(path.join(docs, page));
  expect(examples.length).toBeGreaterThan(0);
  const told = examples.filter(({ expected }) => expected !== undefined);
  expect(told.map(({ line, printed }) => ({ line, printed }))).toEqual(
    told.map(({ line, expected }) => ({ line, printed: expected })),
  );
});
