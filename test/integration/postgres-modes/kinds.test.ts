/** Tables that are not plain ones, in every mode that they can be written in; and what says so where they cannot. */
import { beforeAll, describe, expect, test } from "vitest";
import { advanceOf, claimSplit, openWriter, outputOf, usePostgres } from "../../support/postgres.ts";
import { resolvePostgres } from "../../support/postgres-source.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";
import { load, tableOf } from "./support.ts";

const postgres = usePostgres();

const MODES = ["append", "upsert", "insertIgnore", "replace", "insert"] as const;

const ROWS = 100;

/** A kind of table, made under a name; the modes that refuse it, with what they say. */
interface Kind {
  readonly kind: string;
  readonly made: (name: string) => string;
  readonly refused?: Partial<Record<(typeof MODES)[number], RegExp>>;
}

const COLUMNS = `"Id" int, "v ""quoted""" text`;
const viewOf = (name: string): string =>
  `CREATE TABLE ${base(name)} (${COLUMNS}, PRIMARY KEY ("Id")); CREATE VIEW ${name} AS SELECT * FROM ${base(name)}`;
const base = (name: string): string => name.replace(/"$/, ' base"');

const KINDS: readonly Kind[] = [
  {
    kind: "a partitioned table",
    made: (name) =>
      `CREATE TABLE ${name} (${COLUMNS}, PRIMARY KEY ("Id")) PARTITION BY RANGE ("Id");
       CREATE TABLE ${base(name)} PARTITION OF ${name} FOR VALUES FROM (0) TO (50);
       CREATE TABLE ${name.replace(/"$/, ' rest"')} PARTITION OF ${name} DEFAULT`,
  },
  {
    kind: "an identity that is always generated, and a column that is computed",
    made: (name) =>
      `CREATE TABLE ${name} ("Id" int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "v ""quoted""" text,
         twice text GENERATED ALWAYS AS ("v ""quoted""" || "v ""quoted""") STORED)`,
  },
  {
    kind: "a foreign table",
    made: (name) =>
      `CREATE TABLE ${base(name)} (${COLUMNS}, PRIMARY KEY ("Id"));
       CREATE FOREIGN TABLE ${name} (${COLUMNS}) SERVER here OPTIONS (schema_name 'other "schema"', table_name '${unquoted(base(name))}')`,
    refused: { upsert: /no primary key/, replace: /is a foreign table; name the table itself/ },
  },
  {
    kind: "a view that the server writes through",
    made: viewOf,
    refused: {
      append: /cannot copy to view .* mode: insert/,
      upsert: /no primary key/,
      replace: /is a view; name the table itself/,
    },
  },
  {
    kind: "a view with a trigger",
    made: (name) =>
      `${viewOf(name)};
       CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO ${base(name)} VALUES (NEW.*); RETURN NEW; END';
       CREATE TRIGGER t INSTEAD OF INSERT ON ${name} FOR EACH ROW EXECUTE FUNCTION ${name}()`,
    refused: { upsert: /no primary key/, replace: /is a view; name the table itself/ },
  },
];

function unquoted(name: string): string {
  return name.slice(name.indexOf('."') + 2, -1);
}

beforeAll(async () => {
  const { server } = postgres;
  await server.query(`CREATE EXTENSION postgres_fdw;
    CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${server.port}', dbname 'postgres');
    CREATE USER MAPPING FOR postgres SERVER here OPTIONS (user 'postgres', password '${new URL(server.url()).password}')`);
});

/** Writes rows as a run would. */
async function write(table: string, mode: (typeof MODES)[number]): Promise<void> {
  await using writer = await openWriter({ url: postgres.server.url(), table, mode }, { job: mode });
  const claimed = await claimSplit(writer);
  const unit = await writer.begin("fast", ["Id", 'v "quoted"']);
  try {
    await unit.write(outputOf(Array.from({ length: ROWS }, (_, id) => [id, `v${id}`])), ROWS_ORIGIN);
    await unit.commit([advanceOf(claimed, ROWS)], []);
  } catch (thrown) {
    await unit.rollback();
    throw thrown;
  }
  await writer.finish();
}

describe.each(KINDS)("$kind", ({ made, refused = {} }) => {
  test.each(MODES)("in mode %s", async (mode) => {
    const { server } = postgres;
    const name = `"other ""schema"""."${mode} ${"é".repeat(20)}"`;
    await server.query("DROP SCHEMA IF EXISTS millrace CASCADE");
    await server.query(`DROP SCHEMA IF EXISTS "other ""schema""" CASCADE; CREATE SCHEMA "other ""schema"""`);
    await server.query(made(name));
    const refusal = refused[mode];
    if (refusal !== undefined) {
      await expect(write(name, mode)).rejects.toThrow(refusal);
      return;
    }
    await write(name, mode);
    const rows = await server.query(`SELECT "Id" AS id, "v ""quoted""" AS v FROM ${name} ORDER BY 1`);
    expect(rows).toEqual(Array.from({ length: ROWS }, (_, id) => ({ id, v: `v${id}` })));
  });
});

test("a table without columns has nothing to read, and says so when it shall be written", async () => {
  const { server } = postgres;
  await server.query("CREATE TABLE nothing ()");
  const table = { url: server.url(), table: "nothing" };
  await expect(resolvePostgres(table)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/nothing"? has no columns to read/),
  });
  const written = load(tableOf(server, "nothing"), [{ id: 1 }], { mode: "append" });
  await expect(written).rejects.toThrow(/has no column "id"; it has none/);
});
