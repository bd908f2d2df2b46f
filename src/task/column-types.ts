/** The types of mode columns, as users write transforms with them. */
import type { DataRecord } from "../core/record.ts";
import type { ChunkContext } from "./transform-context.ts";

/**
 * One field of all records: numbers and Dates (milliseconds since 1970) as doubles, bigints as 64-bit integers, booleans
 * as 0 and 1, everything else as an array of what mode record gives.
 */
export type ColumnValues<Value> = [NonNullable<Value>] extends [number | Date]
  ? Float64Array<ArrayBuffer>
  : [NonNullable<Value>] extends [bigint]
    ? BigInt64Array<ArrayBuffer>
    : [NonNullable<Value>] extends [boolean]
      ? Uint8Array<ArrayBuffer>
      : Value[];

/** The records of a chunk, by field. */
export interface ColumnChunk<Row = DataRecord> {
  /** How many records there are. */
  readonly length: number;
  /** By field: the declared ones, and the others that any of these records has. */
  readonly columns: { readonly [Field in keyof Row]-?: ColumnValues<Row[Field]> };
  /** By field with a typed array: 1 where there is no value (which is NaN among doubles and 0 among integers). */
  readonly nulls: { readonly [Field in keyof Row]?: Uint8Array };
}

/** One field of all outputs. */
export type OutputValues =
  | readonly unknown[]
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** What a transform in mode columns returns: one value an input record in every array. */
export interface ColumnResult {
  /** By output field. An array of the input, handed on as it is, keeps its source's bytes. */
  readonly columns: { readonly [field: string]: OutputValues };
  /** By output field: 1 where the output is null. */
  readonly nulls?: { readonly [field: string]: Uint8Array };
  /** What a new typed array holds where that is not plain numbers: milliseconds since 1970, or 0 and 1. */
  readonly types?: { readonly [field: string]: "timestamp" | "boolean" };
  /** 0 or false: this record is filtered out. */
  readonly keep?: ArrayLike<number | boolean>;
  /** By index, the reasons for which records are rejected; may have holes. */
  readonly rejects?: readonly (string | null | undefined)[];
}

/**
 * A transform in mode columns: it sees one array a field and returns one array an output field.
 *
 * @example
 * export const transformColumns: ColumnTransform<Order> = ({ length, columns }) => {
 *   const total = new Float64Array(length);
 *   for (let i = 0; i < length; i++) total[i] = columns.price[i]! * columns.quantity[i]!;
 *   return { columns: { id: columns.id, total } };
 * };
 */
export type ColumnTransform<In = DataRecord, Resources = unknown> = (
  chunk: ColumnChunk<In>,
  context: ChunkContext<Resources>,
) => ColumnResult;
