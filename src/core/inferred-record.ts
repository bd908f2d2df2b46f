/** What TypeScript can tell of a record from its declared columns. */
import type { Column, ColumnType } from "./record.ts";

/** Declared columns as a program writes them: a type's name, or an object that says more. */
export type ColumnsInput = { readonly [field: string]: ColumnType | Column };

/** New names of fields by the source's. */
export type NamesInput = { readonly [field: string]: string };

declare const none: unique symbol;

/** No declared columns, or no new names. */
export type NoFields = { readonly [none]?: never };

/** The value of each declared type; SEMANTICS "Values". */
interface ValueOfType {
  string: string;
  int: number;
  bigint: bigint;
  float: number;
  decimal: string;
  boolean: boolean;
  date: string;
  timestamp: Date;
  uuid: string;
  json: unknown;
  bytes: Uint8Array;
}

type TypeOf<C extends ColumnType | Column> = C extends Column ? C["type"] : C;

/** Only a string column is never null by itself. */
type NullOf<C extends ColumnType | Column> = C extends { readonly nullable: infer N extends boolean }
  ? N extends true
    ? null
    : never
  : TypeOf<C> extends "string"
    ? never
    : null;

/**
 * A record with the declared fields under their new names, and `Others` for those that are not declared.
 *
 * @example
 * type Order = InferredRecord<{ id: { type: "int"; nullable: false }; price: "decimal" }, string>;
 * // { id: number; price: string | null } and strings for all other fields
 */
export type InferredRecord<C extends ColumnsInput, Others, Names extends NamesInput = NoFields> = {
  [Field in keyof C & string as Field extends keyof Names ? Names[Field] : Field]:
    | ValueOfType[TypeOf<C[Field]> & ColumnType]
    | NullOf<C[Field]>;
} & { [field: string]: Others };
