import { describe, expect, test } from "vitest";
import { connect } from "../../../src/postgres/connect.ts";
import { readTable } from "../../../src/postgres/catalogue.ts";
import { parseTableName } from "../../../src/postgres/identifiers.ts";
import { resolveSink, usePostgres } from "../../support/postgres.ts";

const postgres = usePostgres();

/** Makes something and reads the table called `name`. */
async function read(ddl: string, name: string) {
  await postgres.server.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${ddl}`);
  await using connection = await connect({ url: postgres.server.url(), applicationName: "test" });
  return await readTable(connection, parseTableName(name));
}

describe("readTable()", () => {
  test("reads columns with their types", async () => {
    const table = await read(
      `CREATE DOMAIN short AS varchar(3); CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, amount numeric(12,2) NOT NULL,
       tags text[], at timestamptz(3) DEFAULT now(), code short, gone int, double numeric GENERATED ALWAYS AS (amount * 2) STORED);
       ALTER TABLE t DROP COLUMN gone`,
      "t",
    );
    expect(table).toMatchObject({ schema: "public", table: "t", kind: "table", rowsMayWait: false });
    const none = { notNull: false, hasDefault: false, generated: false, identity: false, identityAlways: false };
    const plain = (name: string, type: string, cast = type) => ({ ...none, name, type, declared: type, cast });
    expect(table.columns).toEqual([
      { ...plain("id", "integer"), notNull: true, identity: true, identityAlways: true },
      { ...plain("amount", "numeric(12,2)", "numeric"), notNull: true },
      plain("tags", "text[]"),
      { ...plain("at", "timestamp(3) with time zone", "timestamp with time zone"), hasDefault: true },
      { ...plain("code", "character varying(3)", "character varying"), declared: "short" },
      { ...plain("double", "numeric"), hasDefault: true, generated: true },
    ]);
  });

  test("calls every enum one, a domain as what it is over, and nothing of a user's as a type of the server's", async () => {
    const table = await read(
      `CREATE TYPE mood AS ENUM ('fine'); CREATE DOMAIN tone AS mood; CREATE DOMAIN tint AS tone NOT NULL;
       CREATE DOMAIN price AS numeric(12,2); CREATE DOMAIN net AS price CHECK (VALUE > 0); CREATE DOMAIN ids AS int[];
       CREATE TYPE uuid AS (a int); CREATE TYPE enum AS (a int); CREATE TYPE point3 AS (x int);
       CREATE TABLE t (a mood, b tint, c net, d ids, e public.uuid, f enum, g point3, h mood[], i uuid)`,
      "t",
    );
    expect(table.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "a enum",
      "b enum",
      "c numeric(12,2)",
      "d integer[]",
      "e public.uuid",
      "f public.enum",
      "g point3",
      "h mood[]",
      "i uuid",
    ]);
  });

  test.each([
    ["a primary key", "CREATE TABLE t (id int PRIMARY KEY)", true],
    ["a unique index", "CREATE TABLE t (id int); CREATE UNIQUE INDEX ON t (id)", true],
    ["an exclusion constraint", "CREATE TABLE t (span int4range, EXCLUDE USING gist (span WITH &&))", true],
    ["a plain index", "CREATE TABLE t (id int); CREATE INDEX ON t (id)", false],
    ["a foreign key", "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int REFERENCES p)", false],
    [
      "a partition with a key",
      "CREATE TABLE t (id int) PARTITION BY RANGE (id); CREATE TABLE u PARTITION OF t DEFAULT; ALTER TABLE u ADD PRIMARY KEY (id)",
      true,
    ],
    [
      "a trigger",
      "CREATE TABLE t (id int); CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      true,
    ],
    ["a view", "CREATE VIEW t AS SELECT 1 AS id", true],
  ])("knows whether rows may wait for rows: %s", async (_name, ddl, expected) => {
    expect((await read(ddl, "t")).rowsMayWait).toBe(expected);
  });

  test("names the nearest table, by its schema where that is not searched", async () => {
    const ddl =
      "DROP SCHEMA IF EXISTS sales CASCADE; CREATE SCHEMA sales; CREATE TABLE orders (id int); CREATE TABLE sales.leads (id int)";
    await expect(read(ddl, "oders")).rejects.toMatchObject({
      code: "TABLE_UNKNOWN",
      fault: "usage",
      message: `postgres postgres@127.0.0.1:${postgres.server.port}/postgres has no table "oders"; did you mean "orders"?`,
    });
    await expect(read(ddl, "sales.lead")).rejects.toThrow(`has no table "sales.lead"; did you mean "sales.leads"?`);
    await expect(read(ddl, "x")).rejects.toThrow(`has no table "x"; create it first, or correct table`);
  });
});

describe("postgresSink.resolve()", () => {
  test("says what rows must look like", async () => {
    await read("CREATE TABLE t (id int, amount numeric(12,2), twice int GENERATED ALWAYS AS (id * 2) STORED)", "t");
    await using free = await resolveSink({ url: postgres.server.url(), table: "t", onUnknownField: "ignore" });
    const types = { id: "integer", amount: "numeric(12,2)" };
    expect(free).toMatchObject({
      label: "postgres t",
      positions: "sink",
      resume: "position",
      appends: true,
      known: ["id", "amount"],
    });
    expect(free.encode).toEqual({
      sink: "sink",
      format: "pg-copy-binary",
      options: { types },
      columns: null,
      needsColumns: true,
      onUnknownField: "ignore",
    });
    await using fixed = await resolveSink({ url: postgres.server.url(), table: "t", columns: ["amount"] });
    expect(fixed.encode).toMatchObject({
      columns: [{ name: "amount", type: "numeric(12,2)" }],
      onUnknownField: "error",
    });
  });

  test("names a column that the table lacks, with the nearest one", async () => {
    await read("CREATE TABLE t (id int, email text)", "t");
    await expect(
      resolveSink({ url: postgres.server.url(), table: "t", columns: ["id", "mail"] }),
    ).rejects.toMatchObject({
      code: "COLUMN_UNKNOWN",
      message: 'sink "sink": table "t" has no column "mail"; did you mean "email"?',
    });
    await expect(resolveSink({ url: postgres.server.url(), table: "t", columns: ["zzz"] })).rejects.toThrow(
      "it has id, email",
    );
  });

  test("says that the role may not look into the schema", async () => {
    await postgres.server.query(
      "DROP SCHEMA IF EXISTS hidden CASCADE; CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int)",
    );
    await postgres.server.query("CREATE ROLE guest LOGIN PASSWORD 'guest'");
    const url = postgres.server.url({ user: "guest", password: "guest" });
    await expect(resolveSink({ url, table: "hidden.t" })).rejects.toMatchObject({
      code: "SINK_REFUSED",
      message: `sink "sink": reading the table in guest@127.0.0.1:${postgres.server.port}/postgres: permission denied for schema hidden (42501); grant the role what it lacks, or use another role`,
    });
  });

  test("reads certificates from files, and says which one is missing", async () => {
    const options = { url: postgres.server.url(), table: "t", ssl: { ca: "no-such.pem" } };
    await expect(resolveSink(options)).rejects.toThrow(
      "ssl.ca: cannot read no-such.pem; expected PEM text or the path",
    );
    const inline = { ...options, ssl: { ca: "-----BEGIN CERTIFICATE-----" } };
    await expect(resolveSink(inline)).rejects.toThrow("The server does not support SSL connections");
  });
});
