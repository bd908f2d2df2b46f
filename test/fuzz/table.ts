/** Draws tables, and sources whose values mostly go into their columns. */
import type { Column, ColumnType } from "../../src/core/record.ts";
import type { Dice } from "./dice.ts";

/** One column of a table. */
export interface TableColumn {
  readonly name: string;
  /** As the encoder is told it. */
  readonly type: string;
  /** As the table is made with it. */
  readonly sql: string;
  /** As `format_type` spells it. */
  readonly spelled: string;
}

/** Types by their names here, in SQL and in `format_type`, with the declared types whose values they take. */
const TYPES: readonly (readonly [type: string, sql: string, spelled: string, from: readonly ColumnType[]])[] = [
  ["text", "text", "text", ["string", "string", "int", "date", "json"]],
  ["character varying(5)", "varchar(5)", "character varying(5)", ["string", "int"]],
  ["character(5)", "char(5)", "character(5)", ["string", "boolean"]],
  ["smallint", "int2", "smallint", ["int", "string"]],
  ["integer", "int4", "integer", ["int", "int", "bigint", "decimal", "float"]],
  ["bigint", "int8", "bigint", ["bigint", "int", "decimal"]],
  ["numeric", "numeric", "numeric", ["decimal", "decimal", "float", "int", "bigint"]],
  ["numeric(12,2)", "numeric(12,2)", "numeric(12,2)", ["decimal", "float"]],
  ["real", "float4", "real", ["float", "decimal", "int"]],
  ["double precision", "float8", "double precision", ["float", "decimal", "int"]],
  ["boolean", "bool", "boolean", ["boolean", "int"]],
  ["date", "date", "date", ["date", "timestamp"]],
  ["time without time zone", "time", "time without time zone", ["string", "timestamp"]],
  ["timestamp without time zone", "timestamp", "timestamp without time zone", ["timestamp", "timestamp", "date"]],
  ["timestamp(3) with time zone", "timestamptz(3)", "timestamp(3) with time zone", ["timestamp", "date"]],
  ["timestamp with time zone", "timestamptz", "timestamp with time zone", ["timestamp", "timestamp", "date"]],
  ["uuid", "uuid", "uuid", ["uuid"]],
  ["json", "json", "json", ["json", "string", "int", "timestamp"]],
  ["jsonb", "jsonb", "jsonb", ["json", "json", "decimal"]],
  ["bytea", "bytea", "bytea", ["bytes", "string"]],
  ["integer[]", "int4[]", "integer[]", ["json", "string"]],
  ["numeric[]", "numeric[]", "numeric[]", ["json"]],
  ["text[]", "text[]", "text[]", ["json", "string"]],
  ["enum", "fuzz_mood", "fuzz_mood", ["string", "boolean"]],
  ["integer", "fuzz_positive", "integer", ["int"]],
];

/** Texts of types that no declared type is like. */
const TEXTS: ReadonlyMap<string, readonly string[]> = new Map([
  ["varchar(5)", ["", "a", "東京", "abcde", "abcdef", "abc     "]],
  ["char(5)", ["", "a", "abcde", "a    ", "東京"]],
  ["int2", ["7", "-12", "32767", "-32768", "32768"]],
  ["int4", ["7", "-12", "2147483647", "-2147483648", "2147483648"]],
  ["float4", ["1.5", "-0", "1e-45", "1e-46", "3.4028235e38", "1e39", "16777217", "0.1", "nan", "-Infinity"]],
  ["time", ["10:00", "10:00:00.123456", "23:59:59.9999999", "24:00:00", "00:00:00", "10:00:00+02"]],
  ["bytea", ["\\x", "\\x00ff", "abc", "\\000", "\\x0", "a\\\\b"]],
  ["int4[]", ["{}", "{1,2}", "{NULL,-3}", "{ 1 , 2 }", "{{1,2},{3,4}}", "[1,2]"]],
  ["text[]", ["{}", "{a,NULL}", '{"a b","",NULL}', "{{a},{b}}"]],
  ["fuzz_mood", ["a", "x y", "true", "naïve café", "b", "A"]],
]);

/** Texts that go into a column and are not what its field is declared as. */
export function textsFor(table: readonly TableColumn[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    table.flatMap(({ name, sql }) => (TEXTS.has(sql) ? [[name, TEXTS.get(sql) as readonly string[]] as const] : [])),
  );
}

/** Types that hold what a declared type gives, as an encoder is told them. */
export function typesFor(declared: ColumnType): readonly string[] {
  return TYPES.filter(([, , , from]) => from.includes(declared)).map(([type]) => type);
}

/** What the tables need beside the server's own types. */
export const TYPES_SQL =
  "CREATE TYPE fuzz_mood AS ENUM ('a', 'x y', 'true', 'naïve café'); CREATE DOMAIN fuzz_positive AS int4 CHECK (VALUE > 0)";

/** A table of a few columns, called c0, c1 and so on. */
export function drawTable(dice: Dice): readonly TableColumn[] {
  return dice.times(dice.between(1, 6), (i) => {
    const [type, sql, spelled] = dice.pick(TYPES);
    return { name: `c${i}`, type, sql, spelled };
  });
}

/** What is declared of the fields that go into it: mostly something that fits; undefined: nothing is. */
export function drawDeclared(table: readonly TableColumn[], dice: Dice): readonly (readonly [string, Column])[] {
  return table.map(({ name, sql }) => {
    const fitting = TYPES.find((type) => type[1] === sql)?.[3] ?? ["string"];
    const type = dice.pick(fitting);
    const nullable = dice.chance(0.2) ? { nullable: true } : {};
    return [name, { type, ...nullable }] as const;
  });
}
