/** Key ranges: a table in parts of much the same size, which are planned once a run. */
import type { Connection } from "../../../postgres/connection.ts";
import { quoteIdentifier } from "../../../postgres/identifiers.ts";
import type { Relation } from "./relation.ts";
import type { RowRange } from "./row-range.ts";

/** How a run has divided its table; goes with each split, so that a resume reads the same ranges. */
export interface RangePlan {
  /** Columns that the rows are read in the order of. */
  readonly order: readonly string[];
  /** Where each range but the first begins, as texts of the first of these columns; empty where there is but one. */
  readonly bounds: readonly string[];
}

/** Rows that are looked at to find the bounds, about. */
const SAMPLE_ROWS = 100_000;

/**
 * Finds bounds between `splits` ranges by a sample of the table's blocks; none for an empty table.
 *
 * Throws what the driver throws.
 */
export async function findBounds(
  connection: Connection,
  relation: Relation,
  splits: number,
): Promise<readonly string[]> {
  const [first] = relation.key;
  if (splits === 1 || first === undefined) return [];
  const { rows } = await connection.query(
    `SELECT greatest(sum(reltuples), 0)::float8 AS rows FROM pg_class
     WHERE oid = $1::regclass OR oid IN (SELECT relid FROM pg_partition_tree($1::regclass))`,
    [relation.from],
  );
  const share = Math.min(100, (100 * SAMPLE_ROWS) / Math.max(1, Number(rows[0]?.["rows"])));
  // a sample of few blocks may hold no row at all
  return (
    (await sampled(connection, relation, splits, share)) ?? (await sampled(connection, relation, splits, 100)) ?? []
  );
}

async function sampled(
  connection: Connection,
  { from, key: [first = ""] }: Relation,
  splits: number,
  percent: number,
): Promise<readonly string[] | null> {
  const shares = Array.from({ length: splits - 1 }, (_, i) => (i + 1) / splits);
  const column = quoteIdentifier(first);
  const { rows } = await connection.query(
    `SELECT (percentile_disc($1::float8[]) WITHIN GROUP (ORDER BY ${column}))::text[] AS bounds
     FROM ${from} TABLESAMPLE SYSTEM (${percent})`,
    [shares],
  );
  const bounds = (rows[0]?.["bounds"] ?? null) as readonly (string | null)[] | null;
  return bounds === null || bounds.some((bound) => bound === null) ? null : (bounds as readonly string[]);
}

/** The range of split `index` of `count`; undefined where the plan leaves nothing for it. */
export function rangeOf({ order, bounds }: RangePlan, index: number, count: number): RowRange | undefined {
  if (bounds.length === 0) return index === 0 ? { order } : undefined;
  const from = bounds[index - 1];
  const below = index + 1 < count ? bounds[index] : undefined;
  return { order, ...(from !== undefined && { from }), ...(below !== undefined && { below }) };
}

/** A plan as a split's fingerprint, and back; undefined for what is none. */
export function planText(plan: RangePlan): string {
  return JSON.stringify(plan);
}

/** The plan that a fingerprint holds. */
export function parsePlan(text: string): RangePlan | undefined {
  try {
    const plan = JSON.parse(text) as Partial<RangePlan>;
    return Array.isArray(plan.order) && Array.isArray(plan.bounds) ? (plan as RangePlan) : undefined;
  } catch {
    return undefined;
  }
}
