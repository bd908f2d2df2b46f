/** Every type that has a binary form here, by the names that the server has for it. */
import type { BinaryType } from "./binary-type.ts";
import { bool } from "./boolean.ts";
import { bytea } from "./bytea.ts";
import { date } from "./date.ts";
import { float4, float8 } from "./float.ts";
import { int2, int4, int8, oid } from "./integer.ts";
import { numeric } from "./numeric.ts";
import { singleChar } from "./single-char.ts";
import { bpchar, enumeration, json, jsonb, name, text, varchar } from "./textual.ts";
import { time } from "./time.ts";
import { timestamp, timestamptz } from "./timestamp.ts";
import { uuid } from "./uuid.ts";

/** As `pg_type` names them, then as `format_type` does. */
const types: ReadonlyMap<string, BinaryType> = new Map<string, BinaryType>([
  ["bool", bool],
  ["boolean", bool],
  ["bytea", bytea],
  ['"char"', singleChar],
  ["name", name],
  ["int2", int2],
  ["smallint", int2],
  ["int4", int4],
  ["integer", int4],
  ["int8", int8],
  ["bigint", int8],
  ["oid", oid],
  ["float4", float4],
  ["real", float4],
  ["float8", float8],
  ["double precision", float8],
  ["numeric", numeric],
  ["text", text],
  ["varchar", varchar],
  ["character varying", varchar],
  ["bpchar", bpchar],
  ["character", bpchar],
  ["json", json],
  ["jsonb", jsonb],
  ["uuid", uuid],
  ["date", date],
  ["time", time],
  ["time without time zone", time],
  ["timestamp", timestamp],
  ["timestamp without time zone", timestamp],
  ["timestamptz", timestamptz],
  ["timestamp with time zone", timestamptz],
  ["enum", enumeration],
]);

const length = /\(.*?\)/;
const ARRAY = "[]";

/**
 * The type called `spelled`, that of the elements for an array: `numeric(12,2)`, `timestamp(3) with time zone`, `integer[]`,
 * `_int4`, or `enum` for any enumeration; undefined for one that only the server knows.
 */
export function binaryType(spelled: string | undefined): BinaryType | undefined {
  if (spelled === undefined) return undefined;
  const plain = spelled.replace(length, "");
  const isArray = plain.endsWith(ARRAY) || plain.startsWith("_");
  const type = types.get(plain.endsWith(ARRAY) ? plain.slice(0, -ARRAY.length) : plain.replace(/^_/, ""));
  // the oid of the elements stands in an array
  return isArray && type?.oid === 0 ? undefined : type;
}
