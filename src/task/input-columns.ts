/** Records turned into columns for mode columns. */
import type { DecodeSpec } from "../core/ports/format.ts";
import type { ColumnType } from "../core/record.ts";
import { type HeldRecord, isFields } from "./held-record.ts";
import { type Rejected, rejected } from "./outcome.ts";

/** How a column's values lie in an array. */
export type ColumnKind = "number" | "timestamp" | "bigint" | "boolean" | "any";

type ColumnArray = Float64Array | BigInt64Array | Uint8Array | unknown[];

/** One field of a piece's records. */
export interface InputColumn {
  readonly kind: ColumnKind;
  readonly values: ColumnArray;
  /** 1 where there is no value; null for arrays of anything, which hold null itself. */
  readonly nulls: Uint8Array | null;
}

/** The columns of a piece, by field. */
export type InputColumns = ReadonlyMap<string, InputColumn>;

/** The kinds of the declared columns, by the names that records have them under. */
export type DeclaredKinds = ReadonlyMap<string, ColumnKind>;

const KINDS: { readonly [T in ColumnType]?: ColumnKind } = {
  int: "number",
  float: "number",
  bigint: "bigint",
  boolean: "boolean",
  timestamp: "timestamp",
};

/** The kinds of a job's columns. */
export function declaredKinds({ columns, select, rename = {} }: DecodeSpec): DeclaredKinds {
  const names = Object.keys(columns).filter((name) => select === undefined || select.includes(name));
  return new Map(
    names.map((name) => [
      Object.hasOwn(rename, name) ? (rename[name] as string) : name,
      KINDS[columns[name]?.type ?? "string"] ?? "any",
    ]),
  );
}

/** Why a record cannot be put into columns; null when it can. */
export function columnFault({ input }: HeldRecord, kinds: DeclaredKinds): Rejected | null {
  if (!isFields(input)) {
    return rejected("transform", "NOT_AN_OBJECT", "the record has no fields, and mode columns needs them");
  }
  for (const [name, kind] of kinds) {
    const value = input[name];
    if (value === null || value === undefined || fits(kind, value)) continue;
    const what = kind === "bigint" && typeof value === "bigint" ? "is beyond 64 bits" : `is a ${typeof value}`;
    const message = `${JSON.stringify(name)} ${what}, which its column cannot hold; declare it as decimal or string`;
    return rejected("transform", "VALUE_INVALID", message);
  }
  return null;
}

function fits(kind: ColumnKind, value: unknown): boolean {
  switch (kind) {
    case "number":
      return typeof value === "number";
    case "timestamp":
      return value instanceof Date;
    case "bigint":
      return typeof value === "bigint" && BigInt.asIntN(64, value) === value;
    case "boolean":
      return typeof value === "boolean";
    case "any":
      return true;
  }
}

/** Puts records without {@link columnFault} into columns. */
export function inputColumns(piece: readonly HeldRecord[], kinds: DeclaredKinds): InputColumns {
  const names = new Set<string>();
  for (const { input } of piece) for (const name in input as object) names.add(name);
  for (const name of kinds.keys()) names.add(name);
  return new Map(Array.from(names, (name) => [name, columnOf(piece, name, kinds.get(name) ?? "any")]));
}

function columnOf(piece: readonly HeldRecord[], name: string, kind: ColumnKind): InputColumn {
  const values = arrayOf(kind, piece.length);
  const nulls = kind === "any" ? null : new Uint8Array(piece.length);
  for (let i = 0; i < piece.length; i++) {
    const value = valueOf(piece[i] as HeldRecord, name);
    values[i] = elementOf(kind, value);
    if (nulls !== null && (value === null || value === undefined)) nulls[i] = 1;
  }
  return { kind, values, nulls };
}

/** An own field only: a record may have one that is called `constructor`. */
function valueOf({ input }: HeldRecord, name: string): unknown {
  const fields = input as { readonly [field: string]: unknown };
  return name in Object.prototype && !Object.hasOwn(fields, name) ? undefined : fields[name];
}

function arrayOf(kind: ColumnKind, length: number): ColumnArray {
  switch (kind) {
    case "number":
    case "timestamp":
      return new Float64Array(length);
    case "bigint":
      return new BigInt64Array(length);
    case "boolean":
      return new Uint8Array(length);
    case "any":
      return Array.from<unknown>({ length });
  }
}

/** How a value lies in its column's array. */
export function elementOf(kind: ColumnKind, value: unknown): unknown {
  if (kind === "any") return value;
  if (value === null || value === undefined) return kind === "bigint" ? 0n : kind === "boolean" ? 0 : Number.NaN;
  if (kind === "timestamp") return (value as Date).getTime();
  return kind === "boolean" ? Number(value) : value;
}
