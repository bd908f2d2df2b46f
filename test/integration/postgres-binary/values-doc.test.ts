/** Every line of the tables in docs/values.md is what happens. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { casesOf, TwinTables } from "./twin-tables.ts";

const page = readFileSync(path.resolve(import.meta.dirname, "../../../docs/values.md"), "utf8");
const row = /^\| `(.+?)` \| `([^`]+)` \|(?: `(.+)`| (rejected)|) \|$/gm;
const globals = { Date, Uint8Array, Map };
const LINES = Array.from(page.matchAll(row), ([, value = "", type = "", shown = "", word = shown]) => ({
  value,
  type,
  shown: word,
}));

const postgres = usePostgres({ settings: { timezone: "UTC" } });
let twins: TwinTables;

beforeAll(async () => {
  twins = await TwinTables.open(postgres.server);
});
afterAll(() => twins[Symbol.asyncDispose]());

describe("docs/values.md", () => {
  test("is read to its last line", () => expect(LINES).toHaveLength(page.match(/^\| `/gm)?.length ?? 0));

  test.each(LINES)("$value in $type is $shown", async ({ value, type, shown }) => {
    const cases = [...casesOf([runInNewContext(`(${value})`, globals)])];
    expect((await twins.compare(cases, type)).differences).toEqual([]);
    expect(await twins.shown(cases, type)).toEqual([shown]);
  });
});
