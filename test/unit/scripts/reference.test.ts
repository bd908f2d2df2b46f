import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { referencePage, undescribedKeys } from "../../../scripts/reference-page.ts";

test("docs/reference.md is what the shapes of a job say", () => {
  const file = path.resolve(import.meta.dirname, "../../../docs/reference.md");
  expect(readFileSync(file, "utf8"), "run: npm run reference").toBe(referencePage());
});

test("every key of the reference has a description", () => {
  expect(undescribedKeys()).toEqual([]);
});

test.each([
  ["a default with its unit", "| `commit.bytes` | size | `16MiB` |"],
  ["a required key", "| `name` | text | **required** |"],
  ["the keys of each entry of a map", "| `columns.*.nullable` | boolean |"],
  ["the choices of a key", '| `order` | `source`, `none` | `"source"` |'],
  ["the options of a format", '| `delimiter` | text | `","` |'],
])("the reference tells %s", (_, line) => {
  expect(referencePage()).toContain(line);
});
