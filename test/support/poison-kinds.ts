/** Ways in which a row can be bad that only the server notices, each in a column of its own. */

/** Any value that JSON can say. */
type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** One way. In its SQL, `$n` is the column. */
export interface PoisonKind {
  /** What the table needs to be there. */
  readonly before?: string;
  /** Behind the column's name. */
  readonly column: string;
  /** Further parts of the table. */
  readonly constraint?: string;
  /** Behind the list of columns. */
  readonly options?: string;
  /** What is done to the table. */
  readonly after?: string;
  readonly good: (id: number) => Json;
  readonly bad: (id: number) => Json;
  /** How the server names the fault. */
  readonly sqlstate: string;
}

const simple = (column: string, good: Json, bad: Json, sqlstate: string): PoisonKind => ({
  column,
  good: () => good,
  bad: () => bad,
  sqlstate,
});

const foreignKey = (deferral: string): PoisonKind => ({
  ...simple(`int REFERENCES parents ${deferral}`, 1, 77, "23503"),
  before:
    "CREATE TABLE IF NOT EXISTS parents (id int PRIMARY KEY); INSERT INTO parents VALUES (1) ON CONFLICT DO NOTHING;",
});

/** All bad rows want the key of one and the same good row: one that was there before, or came two lines earlier. */
const unique = (deferral: string): PoisonKind => ({
  column: `int UNIQUE ${deferral}`,
  after: "INSERT INTO t (id, $n) VALUES (-1, -1);",
  good: (id) => id,
  bad: (id) => (id < 2 ? -1 : 1),
  sqlstate: "23505",
});

const exclusion = (deferral: string): PoisonKind => ({
  column: "int4range",
  constraint: `EXCLUDE USING gist ($n WITH &&) ${deferral}`,
  after: "INSERT INTO t (id, $n) VALUES (-1, '[-10,0)');",
  good: (id) => `[${10 * id},${10 * id + 5})`,
  bad: (id) => (id < 2 ? "[-5,0)" : "[12,13)"),
  sqlstate: "23P01",
});

/** A function refuses what is larger than 9. */
const trigger = (when: string, sqlstate: string, deferral = ""): PoisonKind => ({
  ...simple("int", 1, 10, sqlstate),
  after: `CREATE FUNCTION refuse_$n() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF new.$n > 9 THEN RAISE EXCEPTION '$n is %', new.$n USING ERRCODE = '${sqlstate}'; END IF; RETURN new; END $$;
    CREATE ${when} INSERT ON t ${deferral} FOR EACH ROW EXECUTE FUNCTION refuse_$n();`,
});

/** Letters that hardly compress. */
function noise(length: number, id: number): string {
  let state = id + 1;
  const next = (): number => (state = (state * 48_271) % 2_147_483_647) % 26;
  return Array.from({ length }, () => String.fromCharCode(97 + next())).join("");
}

const tooLong: Pick<PoisonKind, "good" | "bad" | "sqlstate"> = {
  good: () => "short",
  bad: (id) => noise(9_000, id),
  sqlstate: "54000",
};

const atCommit = "DEFERRABLE INITIALLY DEFERRED";

/** Kinds that may share a table. */
export const POISON_KINDS = {
  "a type": simple("int", 1, "x", "22P02"),
  "a date that is none": simple("date", "2024-02-29", "soon", "22007"),
  "a date out of range": simple("date", "2024-02-29", "2024-02-30", "22008"),
  "an integer out of range": simple("smallint", 1, 70_000, "22003"),
  "a numeric out of range": simple("numeric(4, 2)", 1, 12_345, "22003"),
  "a length": simple("varchar(3)", "abc", "abcd", "22001"),
  "a bit string's length": simple("bit(3)", "101", "1011", "22026"),
  "an enum": { ...simple("mood", "fine", "odd", "22P02"), before: "CREATE TYPE mood AS ENUM ('fine');" },
  "a range": simple("int4range", "[1,2)", "[2,1)", "22000"),
  "a JSON value": simple("jsonb", { a: 1 }, { a: "\0" }, "22P05"),
  "an array": simple("int[]", "{1}", "{1", "22P02"),
  "a binary string": simple("bytea", String.raw`\x00`, String.raw`\xzz`, "22023"),
  XML: simple("xml", "<a/>", "<a", "2200N"),
  "a JSON path": simple("jsonpath", "$.a", "$.a[", "42601"),
  "a text search query": simple("tsquery", "a & b", "a &", "42601"),
  "an hstore": { ...simple("hstore", "a=>1", "a=>", "42601"), before: "CREATE EXTENSION hstore;" },
  "the name of a table": simple("regclass", "pg_class", "nope", "42P01"),
  "the name of a type": simple("regtype", "int", "nope", "42704"),
  "a word too long": simple("tsvector", "a", "a".repeat(3_000), "54000"),
  "an index entry too long": { ...tooLong, column: "text", after: "CREATE INDEX ON t ($n);" },
  // The server may name a row that it has read later.
  "a row too big": { ...tooLong, column: "text", after: "ALTER TABLE t ALTER $n SET STORAGE PLAIN;" },
  "a not null": simple("int NOT NULL DEFAULT 0", 1, null, "23502"),
  "a check": simple("int CHECK ($n < 100)", 1, 1000, "23514"),
  "a domain's check": { ...simple("few", 1, 1000, "23514"), before: "CREATE DOMAIN few AS int CHECK (VALUE < 100);" },
  "a domain's not null": {
    ...simple("given", 1, null, "23502"),
    before: "CREATE DOMAIN given AS int NOT NULL DEFAULT 0;",
  },
  "a generated column": {
    ...simple("int DEFAULT 1", 1, 0, "22012"),
    constraint: "inverse_$n int GENERATED ALWAYS AS (100 / $n) STORED",
  },
  "an index on an expression": { ...simple("int", 1, 0, "22012"), after: "CREATE INDEX ON t ((100 / $n));" },
  "a unique key": unique(""),
  "a unique key that may be deferred": unique("DEFERRABLE"),
  "a unique key at COMMIT": unique(atCommit),
  "an exclusion": exclusion(""),
  "an exclusion at COMMIT": exclusion(atCommit),
  "a foreign key": foreignKey(""),
  "a foreign key at COMMIT": foreignKey(atCommit),
  "a trigger before the row": trigger("TRIGGER refuse_$n BEFORE", "P0001"),
  "a trigger behind the row": trigger("TRIGGER refuse_$n AFTER", "P0001"),
  "a trigger with a code of its own": trigger("TRIGGER refuse_$n BEFORE", "ZZ001"),
  "a trigger with the code of a missing function": trigger("TRIGGER refuse_$n AFTER", "42883"),
  "a trigger at COMMIT": trigger("CONSTRAINT TRIGGER refuse_$n AFTER", "P0001", atCommit),
} as const satisfies { readonly [name: string]: PoisonKind };

/** Kinds that need a table of their own. */
export const LONELY_KINDS = {
  "no partition": {
    ...simple("int", 1, 2, "23514"),
    options: "PARTITION BY LIST ($n)",
    after: "CREATE TABLE t_one PARTITION OF t FOR VALUES IN (1);",
  },
} as const satisfies { readonly [name: string]: PoisonKind };

/** Makes everything anew: table `t` with a column `id` and one for each kind. */
export function ddlOf(kinds: { readonly [column: string]: PoisonKind }): string {
  const of = (part: (kind: PoisonKind, column: string) => string | undefined): readonly string[] =>
    Object.entries(kinds).flatMap(([column, kind]) => part(kind, column)?.replaceAll("$n", () => column) ?? []);
  const parts = ["id int", ...of(({ column }, name) => `${name} ${column}`), ...of(({ constraint }) => constraint)];
  return [
    "DROP SCHEMA IF EXISTS millrace CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public;",
    ...of(({ before }) => before),
    `CREATE TABLE t (${parts.join(", ")}) ${of(({ options }) => options).join(" ")};`,
    ...of(({ after }) => after),
  ].join("\n");
}
