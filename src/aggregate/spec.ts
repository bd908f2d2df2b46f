/** What is aggregated: groups and their measures, and the record that each group becomes. */
import type { Column, ColumnType } from "../core/record.ts";

/** One figure of a group; CONTRACT "A job", `measures`. */
export type MeasureSpec =
  | "count"
  | { readonly countDistinct: string }
  | { readonly sum: string }
  | { readonly min: string }
  | { readonly max: string }
  | { readonly avg: string };

/** Measures by the name they get in the group's record. */
export type MeasureSpecs = { readonly [name: string]: MeasureSpec };

/** Groups and measures over records whose fields have these types. */
export interface AggregateSpec {
  /** Fields whose values tell groups apart; none: all records are one group, which exists even without a record. */
  readonly groupBy: readonly string[];
  readonly measures: MeasureSpecs;
  /** Declared types: they decide whether texts are compared as numbers. */
  readonly columns?: { readonly [field: string]: ColumnType | Column };
}

type FieldOf<T, Field extends string> = Field extends keyof T ? T[Field] : unknown;

/** Sums are null where no record had a value. */
type SumOf<Value> =
  | null
  | (Value extends number ? number : Value extends bigint ? bigint : Value extends string ? string : never);

/** A mean of whole numbers beyond a double's reach is a decimal. */
type MeanOf<Value> = null | (Value extends number ? number : Value extends bigint | string ? string : never);

type MeasureOf<T, M extends MeasureSpec> = M extends "count" | { readonly countDistinct: string }
  ? number
  : M extends { readonly sum: infer F extends string }
    ? SumOf<Exclude<FieldOf<T, F>, null | undefined>>
    : M extends { readonly avg: infer F extends string }
      ? MeanOf<Exclude<FieldOf<T, F>, null | undefined>>
      : M extends { readonly min: infer F extends string } | { readonly max: infer F extends string }
        ? FieldOf<T, F> | null
        : never;

/** The record of a group: what it is grouped by, then its measures. */
export type GroupRecord<T, Field extends string, Measures extends MeasureSpecs> = {
  [Name in Field]: FieldOf<T, Name>;
} & { [Name in keyof Measures]: MeasureOf<T, Measures[Name]> };
