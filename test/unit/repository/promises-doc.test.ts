import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../../..");
const page = readFileSync(path.join(root, "docs/promises.md"), "utf8");
/** A test as the page names it: its file, and its name or as much of it as does not vary. */
const NAMED = /`(?<file>test\/[\w/.-]+\.test\.ts)`: "(?<name>[^"]+)"/g;
const named = Array.from(
  page.matchAll(NAMED),
  ({ groups }) => [groups?.["file"] ?? "", groups?.["name"] ?? ""] as const,
);
/** Rows of the tables whose last column says which test holds them. */
const promises = page
  .split("## What makes")[0]
  ?.split("\n")
  .filter((line) => /^\|(?! ?(?:---|from|source|promise))/.test(line));

describe("docs/promises.md", () => {
  test.each(named)("%s has a test: %s", (file, name) => {
    expect(existsSync(path.join(root, file))).toBe(true);
    expect(readFileSync(path.join(root, file), "utf8")).toMatch(new RegExp(`["\`]${RegExp.escape(name)}`));
  });

  test("names a test for every promise", () => {
    expect(promises?.length).toBeGreaterThan(15);
    const without = promises?.filter((line) => line.search(NAMED) === -1);
    expect(without).toEqual([]);
  });
});
