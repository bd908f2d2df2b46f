/** Draws what a user's function makes of records. */
import { inspect } from "node:util";
import type { DataRecord } from "../../src/core/record.ts";
import { Dice } from "./dice.ts";

/** The user's function; the same record has the same result, whenever it comes. */
export type FuzzTransform = (record: unknown) => unknown;

type Change = (value: unknown) => unknown;

/** What becomes of a field that is not left alone. */
const CHANGES: readonly Change[] = [
  (value) => (typeof value === "string" ? value.toUpperCase() : value),
  (value) => (typeof value === "string" ? value.slice(1) : `${String(value)}!`),
  (value) => (typeof value === "number" ? value / 3 : value),
  (value) => (typeof value === "bigint" ? -value : value),
  (value) => (value instanceof Date ? new Date(value) : value),
  (value) => (value instanceof Date ? (value.setUTCMinutes(7), value) : value),
  (value) => (Array.isArray(value) ? (value.push(1), value) : value),
];

/** What is put into its place; some of it no sink can hold. */
const OTHERS: readonly Change[] = [
  ...[
    null,
    undefined,
    0,
    -0,
    5,
    -2_147_483_648,
    2_147_483_648,
    1.5,
    1e21,
    Number.NaN,
    12n,
    2n ** 64n,
    true,
    "",
    " ",
  ].map((fixed) => () => fixed),
  ...["\ud800", "q\"'\\\n,;\t", "naïve 😀", "12.50", "\0", "z".repeat(65), "2024-05-01T10:00:00.123456Z"].map(
    (text) => () => text,
  ),
  () => new Date(Date.UTC(2020, 1, 2)),
  () => new Date(Number.NaN),
  () => new Date(8.64e15),
  () => new Uint8Array([0, 1, 255]),
  () => ({ deep: ["ü"] }),
  () => [1, null, "a"],
  () => Symbol.iterator,
];

/** How a record ends as a whole. */
type Ending = "record" | "filtered" | "none" | "twin" | "thrown" | "nothing" | "text";

/**
 * A function that picks, renames, adds and changes fields; mostly it gives one record.
 *
 * @param keys what its outputs are made of
 */
export function drawTransform(names: readonly string[], keys: readonly string[], dice: Dice): FuzzTransform {
  const leavesAlone = dice.pick([0.5, 0.9, 0.98]);
  const goesWell = dice.pick([0.8, 0.97, 1]);
  const salt = dice.between(0, 2 ** 30);
  const returnsInput = dice.chance(0.3);
  return (record) => {
    const own = new Dice(salt ^ hashOf(inspect(record)));
    const ending = own.chance(goesWell)
      ? "record"
      : own.pick<Ending>(["filtered", "none", "twin", "thrown", "nothing", "text"]);
    const output = (): unknown =>
      returnsInput && own.chance(0.8) ? record : changed(fieldsOf(record), names, keys, leavesAlone, own);
    return endedAs(ending, output);
  };
}

function fieldsOf(record: unknown): DataRecord {
  return typeof record === "object" && record !== null ? (record as DataRecord) : {};
}

function changed(
  record: DataRecord,
  names: readonly string[],
  keys: readonly string[],
  leavesAlone: number,
  dice: Dice,
): DataRecord {
  const entries = keys.map((key): [string, unknown] => {
    // a key that is none of the fields is computed from one
    const field = names.includes(key) ? key : (names[key.length % names.length] as string);
    const value = Object.hasOwn(record, field) ? record[field] : undefined;
    return [key, dice.chance(leavesAlone) ? value : dice.pick(dice.chance(0.5) ? CHANGES : OTHERS)(value)];
  });
  return Object.fromEntries(entries);
}

function endedAs(ending: Ending, output: () => unknown): unknown {
  switch (ending) {
    case "record":
      return output();
    case "twin":
      return [output(), output()];
    case "filtered":
      return null;
    case "none":
      return [];
    case "nothing":
      return undefined;
    case "text":
      return "no record";
    case "thrown":
      throw new RangeError("thrown on purpose");
  }
}

/** FNV-1a. Source: Fowler, Noll and Vo, "The FNV Non-Cryptographic Hash Algorithm". */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
