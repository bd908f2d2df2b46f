/**
 * A sum that is exact for whole numbers, bigints and decimals, and rounded once for doubles.
 *
 * The exact part is kept in units of `10 ** -scale`: in a double as long as it holds every digit, then in a bigint. What
 * comes out is of the kind that went in; where kinds are mixed, decimals win over bigints and those over numbers.
 */
import { type Decimal, type DecimalScanner, formatDecimal, parseDecimal, rescale } from "./decimal.ts";
import { type Expansion, grow, roundedSum } from "./float-sum.ts";

/** What the values of a sum were, the most general of them. */
export type SumKind = "none" | "number" | "bigint" | "decimal";

const RANK: Readonly<Record<SumKind, number>> = { none: 0, number: 1, bigint: 2, decimal: 3 };

/** A sum under way: plain data, so that a thread can hand it over. */
export interface SumState {
  kind: SumKind;
  /** Values, nulls not among them. */
  count: number;
  low: number;
  high: bigint;
  scale: number;
  /** The doubles that are no safe integers. */
  floats: Expansion;
  /** NaN and infinities, added up. */
  special: number;
}

/** Nothing yet. */
export function emptySum(): SumState {
  return { kind: "none", count: 0, low: 0, high: 0n, scale: 0, floats: [], special: 0 };
}

/** Adds a number. */
export function addNumber(state: SumState, value: number): void {
  noteKind(state, "number");
  if (Number.isSafeInteger(value)) addUnits(state, value, 0);
  else if (Number.isFinite(value)) grow(state.floats, value);
  else state.special += value;
}

/** Adds a bigint. */
export function addBigint(state: SumState, value: bigint): void {
  noteKind(state, "bigint");
  addLong(state, { units: value, scale: 0 });
}

/** Adds the decimal that was scanned last. */
export function addDecimal(state: SumState, { units, long, scale }: DecimalScanner): void {
  noteKind(state, "decimal");
  if (long === null) addUnits(state, units, scale);
  else addLong(state, { units: long, scale });
}

/** Adds another sum. */
export function addSum(into: SumState, from: SumState): void {
  if (RANK[from.kind] > RANK[into.kind]) into.kind = from.kind;
  into.count += from.count;
  addLong(into, exactPart(from));
  for (const part of from.floats) grow(into.floats, part);
  into.special += from.special;
}

/** The sum of numbers as a double. */
export function sumAsNumber(state: SumState): number {
  if (state.special !== 0) return state.special;
  const { units } = exactPart(state);
  if (state.floats.length === 0) return Number(units);
  const all = [...state.floats];
  for (let rest = units; rest !== 0n; ) {
    const part = Number(rest);
    grow(all, part);
    rest -= BigInt(part);
  }
  return roundedSum(all);
}

/** The sum as a decimal; doubles among its values count by their shortest text. Undefined when one was not finite. */
export function sumAsDecimal(state: SumState): Decimal | undefined {
  const exact = exactPart(state);
  if (state.special !== 0) return undefined;
  if (state.floats.length === 0) return exact;
  const floats = parseDecimal(String(roundedSum(state.floats)));
  if (floats === undefined) return undefined;
  const scale = Math.max(exact.scale, floats.scale);
  return { units: rescale(exact, scale).units + rescale(floats, scale).units, scale };
}

/** The sum in the kind of its values; null when there were none. */
export function sumResult(state: SumState): number | bigint | string | null {
  if (state.kind === "none") return null;
  if (state.kind === "number") return sumAsNumber(state);
  const sum = sumAsDecimal(state);
  if (sum === undefined) return String(sumAsNumber(state));
  return state.kind === "bigint" && sum.scale === 0 ? sum.units : formatDecimal(sum);
}

function noteKind(state: SumState, kind: SumKind): void {
  state.count++;
  if (state.kind !== kind && RANK[kind] > RANK[state.kind]) state.kind = kind;
}

function addUnits(state: SumState, units: number, scale: number): void {
  const aligned =
    scale === state.scale ? units : scale < state.scale ? units * 10 ** (state.scale - scale) : Number.NaN;
  const sum = state.low + aligned;
  if (Number.isSafeInteger(aligned) && Number.isSafeInteger(sum)) state.low = sum;
  else addLong(state, { units: BigInt(units), scale });
}

function addLong(state: SumState, added: Decimal): void {
  const scale = Math.max(state.scale, added.scale);
  state.high = rescale(exactPart(state), scale).units + rescale(added, scale).units;
  state.low = 0;
  state.scale = scale;
}

function exactPart({ low, high, scale }: SumState): Decimal {
  return { units: high + BigInt(low), scale };
}
