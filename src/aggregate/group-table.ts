/**
 * Groups and their measures, in memory that grows with the groups and not with the records.
 *
 * Its parts are plain data: `partial` gives what a thread has aggregated, `merge` takes it in, and it makes no difference
 * which record was folded where.
 */
import { MillraceError } from "../core/errors.ts";
import type { DataRecord } from "../core/record.ts";
import { compareValues, keyOf } from "./group-key.ts";
import type { Measure } from "./measure.ts";
import { measureOf } from "./measures.ts";
import { shownValue } from "./shown-value.ts";
import type { AggregateSpec } from "./spec.ts";

/** One group under way. */
interface Group {
  /** Of the fields it is grouped by, as the first of its records had them. */
  readonly values: readonly unknown[];
  /** One for each measure. */
  readonly states: readonly unknown[];
}

/** Groups as plain data. */
export type PartialGroups = readonly Group[];

type Level = Map<unknown, Level | Group>;

/** All groups of an aggregate. */
export class GroupTable {
  readonly #fields: readonly string[];
  readonly #names: readonly string[];
  readonly #measures: readonly Measure[];
  /** A level of maps for each field. */
  #root: Level = new Map();
  #groups: Group[] = [];

  constructor({ groupBy, measures, columns }: AggregateSpec) {
    this.#fields = groupBy;
    this.#names = Object.keys(measures);
    this.#measures = Object.values(measures).map((spec) => measureOf(spec, columns));
    this.#begin();
  }

  /** Groups so far. */
  get size(): number {
    return this.#groups.length;
  }

  /**
   * Folds a record into its group; a refused one changes nothing.
   *
   * @throws MillraceError NOT_AN_OBJECT, or VALUE_INVALID for a value that a measure cannot take
   */
  add(record: unknown): void {
    if (!isRecord(record)) {
      throw new MillraceError(
        "NOT_AN_OBJECT",
        `the record is ${shownValue(record)}; aggregates need an object with fields`,
      );
    }
    for (const measure of this.#measures) if (measure.field !== null) measure.take(record[measure.field]);
    const { states } = this.#find(this.#fields, record);
    for (let at = 0; at < states.length; at++) (this.#measures[at] as Measure).fold(states[at]);
  }

  /** Everything folded so far; this table begins anew. */
  takePartial(): PartialGroups {
    const groups = this.#groups;
    this.#begin();
    return groups;
  }

  /** Adds what another table has folded. */
  merge(partial: PartialGroups): void {
    for (const { values, states } of partial) {
      const group = this.#find(values);
      this.#measures.forEach((measure, at) => measure.merge(group.states[at], states[at]));
    }
  }

  /** The groups as records, in the order of what they are grouped by. */
  records(): readonly DataRecord[] {
    const sorted = this.#groups.toSorted((a, b) => compareAll(a.values, b.values));
    return sorted.map(({ values, states }) => {
      const fields = this.#fields.map((field, at) => [field, values[at]] as const);
      const figures = this.#measures.map(
        (measure, at) => [this.#names[at] as string, measure.result(states[at])] as const,
      );
      return Object.fromEntries([...fields, ...figures]);
    });
  }

  #begin(): void {
    this.#groups = [];
    this.#root = new Map();
    // All records are one group, which exists even without a record.
    if (this.#fields.length === 0) this.#find([]);
  }

  /** The group of these values, or of a record's values in these fields. */
  #find(fields: readonly unknown[], record?: DataRecord): Group {
    let level = this.#root;
    const last = fields.length - 1;
    const valueAt = (at: number): unknown => (record === undefined ? fields[at] : record[fields[at] as string]);
    for (let at = 0; at < last; at++) {
      const key = keyOf(valueAt(at));
      let next = level.get(key) as Level | undefined;
      if (next === undefined) level.set(key, (next = new Map()));
      level = next;
    }
    const key = last < 0 ? null : keyOf(valueAt(last));
    const found = level.get(key) as Group | undefined;
    if (found !== undefined) return found;
    const values = fields.map((_, at) => valueAt(at) ?? null);
    const group: Group = { values, states: this.#measures.map((measure) => measure.create()) };
    level.set(key, group);
    this.#groups.push(group);
    return group;
  }
}

function compareAll(left: readonly unknown[], right: readonly unknown[]): number {
  for (let at = 0; at < left.length; at++) {
    const order = compareValues(left[at], right[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function isRecord(value: unknown): value is DataRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
