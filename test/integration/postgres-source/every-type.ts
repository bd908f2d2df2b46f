/** A table with a column of every built-in type, and rows at the edges of what they hold. */
import type { EmbeddedPostgres } from "../../support/embedded-postgres.ts";

/** Types and two or more values of each, as SQL literals. */
const COLUMNS: readonly (readonly [type: string, ...values: readonly string[]])[] = [
  ["smallint", "-32768", "32767"],
  ["integer", "-2147483648", "0"],
  ["bigint", "-9223372036854775808", "9007199254740993"],
  ["numeric", "'NaN'", "'-Infinity'", "123456789012345678901234567890.1234567890000"],
  ["numeric(12,4)", "1.5", "-0.0001"],
  ["real", "'NaN'", "3.4028235e38", "'-Infinity'", "0.1"],
  ["double precision", "'Infinity'", "1e-307", "0.1", "'-0'"],
  ["money", "'12.34'", "'-0.01'"],
  ["boolean", "true", "false"],
  ["text", "''", String.raw`E'tab\there\nline \\ back "quote" \b\f\r\v \\N'`, "'ä€😀'", String.raw`'\N'`, "'NULL'"],
  ["varchar(10)", "'  blanks '", "''"],
  ["char(5)", "'ab'", "''"],
  [`"char"`, "'x'"],
  ["name", "'a name'"],
  ["bytea", String.raw`'\x00ff5c6e'`, "''"],
  ["date", "'infinity'", "'0044-03-15 BC'", "'5874897-12-31'", "'2024-02-29'"],
  ["time", "'23:59:59.999999'", "'24:00'"],
  ["time with time zone", "'04:05:06.789+05:30'"],
  [
    "timestamp",
    "'-infinity'",
    "'2024-02-29 12:34:56.123456'",
    "'294276-12-31 23:59:59.999999'",
    "'0001-01-01 00:00:00 BC'",
  ],
  ["timestamptz", "'infinity'", "'2024-02-29 12:34:56.123456+05:30'", "'1969-12-31 23:59:59.999999Z'"],
  ["timestamptz(0)", "'2024-02-29 12:34:56Z'"],
  ["interval", "'1 year -2 mons +3 days 04:05:06.000007'", "'-1 day'", "'infinity'"],
  ["uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
  ["json", `'{"b": 1.10,   "a": [1, null], "b": 12345678901234567890}'`, `'"text"'`, "'null'", "'1.50'", "'true'"],
  ["jsonb", `'{"b": 1.10, "a": [12345678901234567890]}'`, `'"te\\"xt"'`, "'null'", "'1.50'", "'[]'"],
  ["jsonpath", "'$.a[*]'"],
  ["xml", "'<a b=\"c\">d</a>'"],
  ["bit(3)", "B'101'"],
  ["varbit", "B''", "B'1'"],
  ["inet", "'192.168.0.1/24'", "'::1'"],
  ["cidr", "'10.0.0.0/8'"],
  ["macaddr", "'08:00:2b:01:02:03'"],
  ["macaddr8", "'08:00:2b:01:02:03:04:05'"],
  ["point", "'(1.5,-2)'"],
  ["line", "'{1,2,3}'"],
  ["lseg", "'[(0,0),(1,1)]'"],
  ["box", "'(1,1),(0,0)'"],
  ["path", "'((0,0),(1,1))'"],
  ["polygon", "'((0,0),(1,1),(1,0))'"],
  ["circle", "'<(0,0),2>'"],
  ["tsvector", `'a:1 "b c":2A'`],
  ["tsquery", "'a & !b'"],
  ["int4range", "'[1,10)'", "'empty'"],
  ["tstzrange", "'[2024-01-01 00:00:00Z,)'"],
  ["int8multirange", "'{[1,3),[5,8)}'"],
  ["oid", "4294967295"],
  ["regclass", "'pg_class'"],
  ["pg_lsn", "'16/B374D848'"],
  ["xid", "'42'"],
  ["int2vector", "'1 2 3'"],
  ["integer[]", "'{}'", "'{1,NULL,3}'", "'{{1,2},{3,4}}'", "'[0:1]={5,6}'"],
  ["bigint[]", "'{9007199254740993,-9223372036854775808}'"],
  ["double precision[]", "'{NaN,-Infinity,0.1,1e+300}'"],
  ["numeric(8,3)[]", "'{1.500,NaN}'"],
  ["boolean[]", "'{t,f,NULL}'"],
  ["text[]", String.raw`array['', 'NULL', 'a,b', '{c}', 'd"e', E'f\\g\nh', null, ' i ']`],
  ["bytea[]", String.raw`array['\x5c00'::bytea, '']`],
  ["timestamptz[]", "array['2024-02-29 12:34:56.123456Z'::timestamptz, 'infinity']"],
  ["timestamp[]", "array['2024-02-29 12:34:56.123456'::timestamp, null]"],
  ["date[]", "array['0044-03-15 BC'::date, 'infinity']"],
  ["jsonb[]", `array['{"a": 1.10}'::jsonb, '"x"', 'null', null, '[1]']`],
  ["box[]", "'{(1,1),(0,0);(2,2),(0,0)}'"],
  ["interval[]", "array['1 day 00:00:00.5'::interval]"],
  ["mood", "'so so'"],
  ["price", "12.50"],
  ["price[]", "'{1.25,2.50}'"],
  ["pair", `row(1, 'a "b", c')`],
  ["pair[]", `array[row(1, 'x,y')::pair, null]`],
];

/** Makes the types that are not built in, once a server. */
export async function createTypes(server: EmbeddedPostgres): Promise<void> {
  await server.query("CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN price AS numeric(10,2)");
  await server.query("CREATE TYPE pair AS (number int, text text)");
}

/** Makes the table and fills it: as many rows as the longest list of values, and one of nulls. */
export async function createEveryType(server: EmbeddedPostgres, table: string, isFilled: boolean): Promise<void> {
  const columns = COLUMNS.map(([type], index) => `c${index} ${type}`);
  await server.query(`CREATE TABLE ${table} (id int PRIMARY KEY, ${columns.join(", ")})`);
  if (!isFilled) return;
  const height = Math.max(...COLUMNS.map(([, ...values]) => values.length));
  for (let row = 0; row <= height; row++) {
    const values = COLUMNS.map(([, ...all]) => (row === height ? "NULL" : (all[row] ?? all[0])));
    await server.query(`INSERT INTO ${table} VALUES (${row}, ${values.join(", ")})`);
  }
}

/** Every row of a table as the server writes it, column by column. */
export async function textsOf(server: EmbeddedPostgres, table: string): Promise<readonly string[]> {
  const columns = COLUMNS.map(
    ([type], index) => `'c${index} ${type.replaceAll("'", "")}: ' || coalesce(c${index}::text, '(null)')`,
  );
  const rows = await server.query(`SELECT array[${columns.join(", ")}] AS texts FROM ${table} ORDER BY id`);
  return rows.flatMap(({ texts }) => texts as readonly string[]);
}
