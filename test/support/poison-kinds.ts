/** Ways in which a row can be bad that only the server notices. */

/** Any value that JSON can say. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One way: a table `t` with columns `id` and `n`, and values that its `n` takes and does not take. */
export interface PoisonKind {
  /** Makes the table, and what it needs. */
  readonly ddl: string;
  readonly good: (id: number) => Json;
  readonly bad: (id: number) => Json;
  readonly sqlstate: string;
}

const one = (): Json => 1;
const column = (type: string, good: Json, bad: Json, sqlstate: string): PoisonKind => ({
  ddl: `CREATE TABLE t (id int, n ${type})`,
  good: () => good,
  bad: () => bad,
  sqlstate,
});
const parents = "CREATE TABLE parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1);";
const foreignKey = (deferral: string): PoisonKind => ({
  ddl: `${parents} CREATE TABLE t (id int, n int REFERENCES parents ${deferral})`,
  good: one,
  bad: (id) => 1000 + id,
  sqlstate: "23503",
});
/** Every bad row has the key of one and the same good row. */
const unique = (constraint: string): PoisonKind => ({
  ddl: `CREATE TABLE t (id int, n int, ${constraint})`,
  good: (id) => 100 + id,
  bad: () => 101,
  sqlstate: "23505",
});
const trigger = (when: string, sqlstate: string): PoisonKind => ({
  ddl: `CREATE TABLE t (id int, n int);
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.n > 9 THEN RAISE EXCEPTION 'n is %', new.n USING ERRCODE = '${sqlstate}'; END IF; RETURN new; END $$;
    CREATE ${when} ON t FOR EACH ROW EXECUTE FUNCTION refuse()`,
  good: one,
  bad: (id) => 10 + id,
  sqlstate,
});
/** Poorly compressible, so that it stays too long for a page. */
const noise = (length: number, seed: number): string => {
  let state = seed;
  const next = (): string => String.fromCharCode(97 + ((state = (state * 48_271) % 2_147_483_647) % 26));
  return Array.from({ length }, next).join("");
};

export const POISON_KINDS: { readonly [name: string]: PoisonKind } = {
  "a type": column("int", 1, "x", "22P02"),
  "a date out of range": column("date", "2024-02-29", "2024-02-30", "22008"),
  "a date that is none": column("date", "2024-02-29", "soon", "22007"),
  "an integer out of range": column("smallint", 1, 70_000, "22003"),
  "a numeric out of range": column("numeric(4, 2)", 1, 12_345, "22003"),
  "a length": column("varchar(3)", "abc", "abcd", "22001"),
  "a bit string's length": column("bit(3)", "101", "1011", "22026"),
  "an enum": column("int4range", "[1,2)", "[2,1)", "22000"),
  "a JSON value": column("jsonb", { a: 1 }, { a: "\0" }, "22P05"),
  "an array": column("int[]", "{1}", "{1", "22P02"),
  "a binary string": column("bytea", String.raw`\x00`, String.raw`\xzz`, "22023"),
  "XML": column("xml", "<a/>", "<a", "2200N"),
  "a JSON path (a syntax error)": column("jsonpath", "$.a", "$.a[", "42601"),
  "a text search query (a syntax error)": column("tsquery", "a & b", "a &", "42601"),
  "an hstore (a syntax error)": {
    ...column("hstore", "a=>1", "a=>", "42601"),
    ddl: "CREATE EXTENSION IF NOT EXISTS hstore; CREATE TABLE t (id int, n hstore)",
  },
  "a name of a table (an undefined table)": column("regclass", "pg_class", "nope", "42P01"),
  "a word too long": column("tsvector", "a", "a".repeat(3000), "54000"),
  "an index entry too long": {
    ddl: "CREATE TABLE t (id int, n text); CREATE INDEX ON t (n)",
    good: () => "short",
    bad: (id) => noise(9000, id + 1),
    sqlstate: "54000",
  },
  // The server names a row that it has read later.
  "a row too big": {
    ddl: "CREATE TABLE t (id int, n text); ALTER TABLE t ALTER n SET STORAGE PLAIN",
    good: () => "short",
    bad: (id) => noise(9000, id + 1),
    sqlstate: "54000",
  },
  "a not null": column("int NOT NULL", 1, null, "23502"),
  "a check": column("int CHECK (n < 100)", 1, 1000, "23514"),
  "a domain's check": {
    ...column("few", 1, 1000, "23514"),
    ddl: "CREATE DOMAIN few AS int CHECK (VALUE < 100); CREATE TABLE t (id int, n few)",
  },
  "a domain's not null": {
    ...column("given", 1, null, "23502"),
    ddl: "CREATE DOMAIN given AS int NOT NULL; CREATE TABLE t (id int, n given)",
  },
  "a generated column": {
    ...column("int", 1, 0, "22012"),
    ddl: "CREATE TABLE t (id int, n int, inverse int GENERATED ALWAYS AS (100 / n) STORED)",
  },
  "an index on an expression": { ...column("int", 1, 0, "22012"), ddl: "CREATE TABLE t (id int, n int); CREATE INDEX ON t ((100 / n))" },
  "a unique key": unique("UNIQUE (n)"),
  "a unique key that may be deferred": unique("UNIQUE (n) DEFERRABLE"),
  "a unique key that is checked at COMMIT": unique("UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"),
  "an exclusion": {
    ddl: "CREATE TABLE t (id int, n int4range, EXCLUDE USING gist (n WITH &&))",
    good: (id) => `[${10 * id},${10 * id + 5})`,
    bad: () => "[12,14)",
    sqlstate: "23P01",
  },
  "an exclusion that is checked at COMMIT": {
    ddl: "CREATE TABLE t (id int, n int4range, EXCLUDE USING gist (n WITH &&) DEFERRABLE INITIALLY DEFERRED)",
    good: (id) => `[${10 * id},${10 * id + 5})`,
    bad: () => "[12,14)",
    sqlstate: "23P01",
  },
  "a foreign key": foreignKey(""),
  "a foreign key that is checked at COMMIT": foreignKey("DEFERRABLE INITIALLY DEFERRED"),
  "no partition": {
    ...column("int", 1, 2, "23514"),
    ddl: "CREATE TABLE t (id int, n int) PARTITION BY LIST (n); CREATE TABLE t_one PARTITION OF t FOR VALUES IN (1)",
  },
  "a trigger before the row": trigger("TRIGGER refuse BEFORE INSERT", "P0001"),
  "a trigger behind the row": trigger("TRIGGER refuse AFTER INSERT", "P0001"),
  "a trigger with a code of its own": trigger("TRIGGER refuse BEFORE INSERT", "ZZ001"),
  "a trigger with the code of a missing function": trigger("TRIGGER refuse AFTER INSERT", "42883"),
  "a trigger at COMMIT": {
    ...trigger("CONSTRAINT TRIGGER refuse AFTER INSERT", "P0001"),
    ddl: trigger("CONSTRAINT TRIGGER refuse AFTER INSERT", "P0001").ddl.replace("ON t FOR", "ON t DEFERRABLE INITIALLY DEFERRED FOR"),
  },
};
