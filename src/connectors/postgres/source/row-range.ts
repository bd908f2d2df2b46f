/** Which rows are read, and in which order, as SQL. */
import { MillraceError } from "../../../core/errors.ts";
import { quoteIdentifier } from "../../../postgres/identifiers.ts";
import type { Relation, SourceColumn } from "./relation.ts";

/** Rows of a relation in the order of some columns. */
export interface RowRange {
  /** Columns that rows are ordered by, and that resume words are made of; empty: in whatever order they come. */
  readonly order: readonly string[];
  /** Only rows whose first column of `order` is at least this, as its text. */
  readonly from?: string;
  /** Only rows whose first column of `order` is less than this. */
  readonly below?: string;
  /** Only rows whose first column of `order` is at most this. */
  readonly upTo?: string;
}

/**
 * The COPY that reads a range.
 *
 * Nothing can be a parameter of it, so what a resume word holds is quoted here.
 *
 * @param columns those that are read, in order
 * @param after values of `order` behind which to go on, as their texts
 */
export function copyStatement(
  relation: Relation,
  range: RowRange,
  columns: readonly SourceColumn[],
  after: readonly string[] | null,
): string {
  const { order } = range;
  const declared = order.map((name) => declaredOf(relation, name));
  const first = quoteIdentifier(order[0] ?? "");
  const bound = (operator: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${first} ${operator} ${literal(value, declared[0] as string)}`];
  const names = order.map(quoteIdentifier).join(", ");
  const conditions = [
    ...bound(">=", range.from),
    ...bound("<", range.below),
    ...bound("<=", range.upTo),
    ...(after === null
      ? []
      : [`(${names}) > (${after.map((value, i) => literal(value, declared[i] as string)).join(", ")})`]),
  ];
  const select = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
  const where = conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`;
  const by = order.length === 0 ? "" : ` ORDER BY ${names}`;
  return `COPY (SELECT ${select} FROM ${relation.from}${where}${by}) TO STDOUT`;
}

/** A value as SQL takes it, whatever is in its text. */
function literal(text: string, type: string): string {
  const escaped = text.replaceAll("'", "''").replaceAll("\\", String.raw`\\`);
  return `E'${escaped}'::${type}`;
}

function declaredOf({ columns, name: relation }: Relation, name: string): string {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined)
    throw new MillraceError("INVARIANT", `${relation} is ordered by "${name}", which it has not`);
  return column.declared;
}
