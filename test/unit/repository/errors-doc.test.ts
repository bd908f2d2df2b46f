import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ERROR_CODES } from "../../../src/core/errors.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/errors.md"), "utf8");
/** A code at the head of a heading, a table's row or a list's item. */
const entry = /^(?:#{2,5} +|\| *|[-*] +)`?(?<code>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)`?(?=[\s|:.]|$)/gm;
const described = Array.from(page.matchAll(entry), ({ groups }) => groups?.["code"] ?? "");

test("docs/errors.md describes every code, once", () => {
  const codes = Object.keys(ERROR_CODES);
  expect(codes.length).toBeGreaterThan(20);
  expect(described.toSorted()).toEqual(codes.toSorted());
});
