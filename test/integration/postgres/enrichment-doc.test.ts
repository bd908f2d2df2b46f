/** The examples of docs/enrichment.md, those with a database too. */
import path from "node:path";
import { expect, test } from "vitest";
import { runExamples } from "../../support/doc-examples.ts";
import { EmbeddedPostgres } from "../../support/embedded-postgres.ts";

test("the transform of docs/enrichment.md asks a pool of connections for each record", async () => {
  await using postgres = await EmbeddedPostgres.start();
  await postgres.query("create table customers (id int primary key, country text)");
  await postgres.query("insert into customers values (7, 'DE')");
  const page = path.resolve(import.meta.dirname, "../../../docs/enrichment.md");
  const examples = await runExamples(page, { has: ["postgres"], env: { CUSTOMERS_URL: postgres.url() } });
  expect(examples.map(({ printed }) => printed)).toEqual(examples.map(({ expected }) => expected));
  expect(examples.filter(({ printed }) => printed.includes("no such customer"))).toHaveLength(1);
});
