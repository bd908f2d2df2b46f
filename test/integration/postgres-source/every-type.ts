/** A table with a column of every type that a table can have, and rows at the edges of what they hold. */
import type { EmbeddedPostgres } from "../../support/embedded-postgres.ts";

/** Types and one or more values of each, as SQL literals. */
const TYPES: readonly (readonly [type: string, ...values: readonly string[]])[] = [
  ["smallint", "-32768", "32767"],
  ["integer", "-2147483648", "0", "2147483647"],
  ["bigint", "-9223372036854775808", "9007199254740993", "9223372036854775807"],
  [
    "numeric",
    "'NaN'",
    "'-Infinity'",
    "123456789012345678901234567890.1234567890000",
    "0",
    "1e-20",
    "1e131071",
    "-10000.00010000",
  ],
  ["numeric(12,4)", "1.5", "-0.0001", "99999999.9999"],
  ["numeric(3,-2)", "12300"],
  ["real", "'NaN'", "3.4028235e38", "'-Infinity'", "0.1", "1e-45"],
  ["double precision", "'Infinity'", "1e-307", "0.1", "'-0'", "5e-324", "1.7976931348623157e308"],
  ["money", "'12.34'", "'-0.01'", "'-92233720368547758.08'"],
  ["boolean", "true", "false"],
  ["text", "''", String.raw`E'tab\there\nline \\ back "quote" \b\f\r\v \\N'`, "'ä€😀'", String.raw`'\N'`, "'NULL'"],
  ["character varying(10)", "'  blanks '", "''"],
  ["character(5)", "'ab'", "''"],
  [`"char"`, "'x'", "''", String.raw`'\377'`],
  ["name", "'a name'"],
  ["bytea", String.raw`'\x00ff5c6e'`, "''"],
  ["date", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'4714-11-24 BC'", "'5874897-12-31'", "'2024-02-29'"],
  ["time without time zone", "'23:59:59.999999'", "'24:00'", "'00:00'"],
  ["time with time zone", "'04:05:06.789+05:30'", "'24:00:00-15:59:59'"],
  [
    "timestamp without time zone",
    "'-infinity'",
    "'2024-02-29 12:34:56.123456'",
    "'294276-12-31 23:59:59.999999'",
    "'0001-01-01 00:00:00 BC'",
  ],
  [
    "timestamp with time zone",
    "'infinity'",
    "'2024-02-29 12:34:56.123456+05:30'",
    "'1969-12-31 23:59:59.999999Z'",
    "'4714-11-24 00:00:00Z BC'",
  ],
  ["timestamp(0) with time zone", "'2024-02-29 12:34:56Z'"],
  ["interval", "'1 year -2 mons +3 days 04:05:06.000007'", "'-1 day'", "'infinity'", "'0'", "'178000000 years'"],
  ["uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ["json", `'{"b": 1.10,   "a": [1, null], "b": 12345678901234567890}'`, `'"text"'`, "'null'", "'1.50'", "'true'"],
  ["jsonb", `'{"b": 1.10, "a": [12345678901234567890]}'`, `'"te\\"xt"'`, "'null'", "'1.50'", "'[]'"],
  ["jsonpath", "'$.a[*] ? (@.b > 1)'"],
  ["xml", "'<a b=\"c\">d &amp; e</a>'", "'<!-- no element -->text'", "''"],
  ["bit(3)", "B'101'"],
  ["bit varying", "B''", "B'1'", "B'101010101'"],
  ["inet", "'192.168.0.1/24'", "'::1'", "'0.0.0.0/0'"],
  ["cidr", "'10.0.0.0/8'", "'::ffff:0:0/96'"],
  ["macaddr", "'08:00:2b:01:02:03'"],
  ["macaddr8", "'08:00:2b:01:02:03:04:05'"],
  ["point", "'(1.5,-2)'", "'(NaN,Infinity)'"],
  ["line", "'{1,2,3}'"],
  ["lseg", "'[(0,0),(1,1)]'"],
  ["box", "'(1,1),(0,0)'"],
  ["path", "'((0,0),(1,1))'", "'[(0,0),(1,1),(2,0)]'"],
  ["polygon", "'((0,0),(1,1),(1,0))'"],
  ["circle", "'<(0,0),2>'"],
  ["tsvector", `'a:1 "b c":2A ''d'':3B,4'`, "''"],
  ["tsquery", "'a & !b'", "'a <-> (b | c:*AB)'", "''"],
  ["int4range", "'[1,10)'", "'empty'", "'(,)'"],
  ["int8range", "'[9007199254740993,)'"],
  ["numrange", "'(1.50,2.000]'", "'[NaN,NaN]'"],
  ["daterange", "'[2024-01-01,infinity]'"],
  ["tsrange", `'["2024-01-01 00:00:00.000001",)'`],
  ["tstzrange", "'[2024-01-01 00:00:00Z,)'", "'(-infinity,infinity)'"],
  ["int4multirange", "'{}'", "'{[1,3),[5,)}'"],
  ["int8multirange", "'{[1,3),[5,8)}'"],
  ["nummultirange", "'{(1.5,2.50]}'"],
  ["datemultirange", "'{[2024-01-01,2024-02-01)}'"],
  ["tsmultirange", `'{["2024-01-01 00:00:00","2024-01-02 00:00:00")}'`],
  ["tstzmultirange", "'{[2024-01-01 00:00:00Z,2024-01-02 00:00:00Z)}'"],
  ["oid", "4294967295"],
  ["oidvector", "'1 4294967295'"],
  ["int2vector", "'1 -2 3'", "''"],
  ["tid", "'(4294967295,65535)'"],
  ["xid", "'42'", "'4294967295'"],
  ["xid8", "'18446744073709551615'"],
  ["cid", "'42'"],
  ["pg_lsn", "'16/B374D848'", "'FFFFFFFF/FFFFFFFF'"],
  ["pg_snapshot", "'10:20:10,14,15'"],
  ["txid_snapshot", "'10:20:'"],
  ["refcursor", "'a cursor'"],
  ["aclitem", "'postgres=arwd*/postgres'", "'=r/postgres'"],
  ["regclass", "'pg_class'", "'\"odd table\"'"],
  ["regtype", "'timestamp with time zone'", "'integer[]'"],
  ["regproc", "'now'"],
  ["regprocedure", "'abs(numeric)'"],
  ["regoper", "'!!'", "'||/'"],
  ["regoperator", "'*(integer,integer)'"],
  ["regrole", "'postgres'"],
  ["regnamespace", "'pg_catalog'"],
  ["regconfig", "'english'"],
  ["regdictionary", "'simple'"],
  ["regcollation", `'"C"'`],
  ["mood", "'so so'", "'it''s \"odd\", {too}'"],
  ["price", "12.50"],
  ["dear", "112.50"],
  ["moods", "array['sad', 'so so']::mood[]"],
  ["pair", `row(1, 'a "b", c')`, "row(NULL, '')"],
  ["nested", `row(row(1, E'\\\\ "x"'), array[row(2, 'y')::pair, NULL], '[1,2)')`],
  ["moodrange", "'[sad,so so]'"],
  ["citext", "'Two Words'"],
  ["hstore", `'"a b"=>"1, \\"2\\"", c=>NULL'`],
];

/** Makes the types that are not built in, once a server. */
export async function createTypes(server: EmbeddedPostgres): Promise<void> {
  await server.query(`
    CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s "odd", {too}');
    CREATE DOMAIN price AS numeric(10,2); CREATE DOMAIN dear AS price CHECK (VALUE > 100); CREATE DOMAIN moods AS mood[];
    CREATE TYPE pair AS (number int, text text); CREATE TYPE nested AS (pair pair, pairs pair[], range int4range);
    CREATE TYPE moodrange AS RANGE (subtype = mood); CREATE EXTENSION citext; CREATE EXTENSION hstore;
    CREATE TABLE "odd table" ()`);
}

/**
 * Types of the server's own that a table can have and {@link createEveryType} leaves out: those of the server's own
 * statistics, for which it takes no value from anybody, do not count.
 */
export async function missingTypes(server: EmbeddedPostgres): Promise<readonly string[]> {
  const rows = await server.query(`
    SELECT format_type(oid, NULL) AS type FROM pg_type
    WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') AND NOT (typelem <> 0 AND typsubscript = 'array_subscript_handler'::regproc)`);
  const there = new Set(TYPES.map(([type]) => type.replace(/\([\d,-]+\)/, "")));
  const missing: string[] = [];
  for (const type of rows.map((row) => String(row["type"])).filter((name) => !there.has(name))) {
    const refusal = await server.query(`SELECT ''::${type}`).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!String(refusal).includes("cannot accept a value of type")) missing.push(type);
  }
  return missing;
}

/** One column with what its rows hold. */
interface Column {
  readonly name: string;
  readonly type: string;
  readonly values: readonly string[];
}

/** Of every type, and of arrays of it: flat, empty, of two dimensions, and with bounds of its own. */
const COLUMNS: readonly Column[] = TYPES.flatMap(([type, ...values], index) => {
  const typed = values.map((value) => `(${value})::${type}`);
  const flat = `array[${typed.join(", ")}, NULL]::${type}[]`;
  const square = `array[[${typed[0]}, NULL], [NULL, ${typed[0]}]]::${type}[]`;
  const shifted = `('[-1:${typed.length - 1}]=' || ${flat}::text)::${type}[]`;
  return [
    { name: `c${index}`, type, values: typed },
    { name: `a${index}`, type: `${type}[]`, values: [flat, `'{}'::${type}[]`, square, shifted] },
  ];
});

/** Makes the table and fills it: as many rows as the longest list of values, and one of nulls. */
export async function createEveryType(server: EmbeddedPostgres, table: string, isFilled: boolean): Promise<void> {
  const columns = COLUMNS.map(({ name, type }) => `${name} ${type}`);
  await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, ${columns.join(", ")})`);
  if (!isFilled) return;
  const height = Math.max(...COLUMNS.map(({ values }) => values.length));
  for (let row = 0; row <= height; row++) {
    const cells = COLUMNS.map(({ values }) => (row === height ? "NULL" : (values[row] ?? values[0])));
    await server.query(`INSERT INTO ${table} VALUES (${row}, ${cells.join(", ")})`);
  }
}

/** Every row of a table as the server writes it, column by column; all of them, or those of these names. */
export async function textsOf(
  server: EmbeddedPostgres,
  table: string,
  names?: readonly string[],
): Promise<readonly string[]> {
  const texts = COLUMNS.filter(({ name }) => names?.includes(name) ?? true).map(
    ({ name, type }) => `'${type} ' || id || ': ' || coalesce(${name}::text, '(null)')`,
  );
  const rows = await server.query(`SELECT array[${texts.join(", ")}] AS texts FROM ${table} ORDER BY id`);
  return rows.flatMap((row) => row["texts"] as readonly string[]);
}
