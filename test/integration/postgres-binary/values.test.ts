/** Whatever is written, COPY binary puts into a table what COPY text does: the server is asked about every value and type. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usePostgres } from "../../support/postgres.ts";
import { HOSTILE_VALUES, randomValues } from "./hostile-values.ts";
import { casesOf, TwinTables } from "./twin-tables.ts";

/** Random values for each type; BINARY_SEED repeats a run. */
const runs = Number(process.env["BINARY_RUNS"] ?? 300);
const seed = Number(process.env["BINARY_SEED"] ?? 20_261_123);
const TIMEOUT = 120_000;

/** Whatever depends on these, the server has to read. */
const postgres = usePostgres({ settings: { timezone: "Asia/Kolkata", datestyle: "SQL, DMY" } });
let twins: TwinTables;

beforeAll(async () => {
  await postgres.server.query("CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE DOMAIN price AS numeric(10,2)");
  twins = await TwinTables.open(postgres.server);
});
afterAll(() => twins[Symbol.asyncDispose]());

/** A type, and how many of the values have to go by its binary form: what is read here must not become less by accident. */
const TYPES: readonly (readonly [type: string, atLeast: number, known?: string])[] = [
  ["smallint", 36],
  ["integer", 61],
  ["bigint", 98],
  ["oid", 43],
  ["numeric", 227],
  ["numeric(12,2)", 227],
  ["numeric(3,-2)", 227],
  ["price", 227, "numeric(10,2)"],
  ["real", 181],
  ["double precision", 219],
  ["boolean", 25],
  ["text", 671],
  ["character varying", 671],
  ["character varying(5)", 671],
  ["character(5)", 671],
  ['"char"', 31],
  ["name", 648],
  ["bytea", 613],
  ["date", 75],
  ["time without time zone", 21],
  ["time(2) without time zone", 21],
  ["timestamp without time zone", 108],
  ["timestamp(0) without time zone", 108],
  ["timestamp with time zone", 83],
  ["timestamp(3) with time zone", 83],
  ["uuid", 18],
  ["json", 668],
  ["jsonb", 668],
  ["mood", 671, "enum"],
  ["smallint[]", 15],
  ["integer[]", 16],
  ["bigint[]", 16],
  ["numeric(8,3)[]", 30],
  ["real[]", 28],
  ["double precision[]", 30],
  ["boolean[]", 12],
  ["text[]", 45],
  ["character varying(5)[]", 45],
  ["bytea[]", 40],
  ["date[]", 12],
  ["time without time zone[]", 11],
  ["timestamp without time zone[]", 12],
  ["timestamp with time zone[]", 11],
  ["uuid[]", 11],
  ["json[]", 52],
  ["jsonb[]", 52],
  ["interval", 0],
];

describe("CopyBinaryEncoder", () => {
  test.each(TYPES.map(([type, atLeast, known = type]) => ({ type, atLeast, known })))(
    "writes into $type what COPY text writes",
    async ({ type, atLeast, known }) => {
      const values = [...HOSTILE_VALUES, ...randomValues(runs, seed)];
      const { binary, differences } = await twins.compare(casesOf(values), type, known);
      expect(differences).toEqual([]);
      expect(binary).toBeGreaterThanOrEqual(atLeast);
    },
    TIMEOUT,
  );
});
