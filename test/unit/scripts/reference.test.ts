import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { referencePage, runtimeReferencePage, undescribedKeys } from "../../../scripts/reference-page.ts";

describe.each([
  ["docs/reference.md", referencePage],
  ["docs/reference-runtime.md", runtimeReferencePage],
])("%s", (name, page) => {
  test("is what the shapes say", () => {
    const file = path.resolve(import.meta.dirname, "../../..", name);
    expect(readFileSync(file, "utf8"), "run: npm run reference").toBe(page());
  });

  test("describes every key", () => {
    expect(undescribedKeys(page())).toEqual([]);
  });
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

test.each([
  ["a required key", "| `jobs` | text or a list of text | **required** |"],
  ["a default with its unit", "| `shutdown.deadline` | duration | `30s` |"],
  ["the keys of one kind of state", "| `state.url` | text |"],
])("the reference of the runtime file tells %s", (_, line) => {
  expect(runtimeReferencePage()).toContain(line);
});
