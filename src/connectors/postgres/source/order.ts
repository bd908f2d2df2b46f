/** In which order rows are read, and whether the job's options go together with what there is. */
import { MillraceError } from "../../../core/errors.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { quoteIdentifier } from "../../../postgres/identifiers.ts";
import type { PostgresSourceOptions } from "../options.ts";
import { assertColumn, type Relation } from "./relation.ts";

/**
 * The columns that rows are ordered by: the key, for incremental reads behind the cursor; none where nothing tells rows
 * apart.
 *
 * @throws MillraceError CONFIG_INVALID, COLUMN_UNKNOWN
 */
export function orderOf(relation: Relation, options: PostgresSourceOptions): readonly string[] {
  const { name, columns, key, isTable } = relation;
  const { incremental, cursor, lag, splits } = options;
  if (splits > 1 && (!isTable || key.length === 0)) {
    throw invalid(
      "splits",
      `${name} is not divided: ${isTable ? "it has no key" : "it is no table"}; leave splits out`,
    );
  }
  if (!incremental) return key;
  if (cursor === undefined) throw invalid("cursor", "missing; incremental continues from a column that grows");
  const { type } = assertColumn("source.cursor", cursor, columns, name);
  if (key.length === 0) {
    throw invalid(
      "key",
      `missing: ${name} has no key of its own, and rows of the same ${cursor} have to be told apart`,
    );
  }
  const isTime = /^(?:timestamp|date)/.test(type);
  if (lag > 0 && !isTime)
    throw invalid("lag", `${cursor} is ${type}; how far behind now a row is can be told of a time alone`);
  return key[0] === cursor ? key : [cursor, ...key.filter((column) => column !== cursor)];
}

/**
 * Holds the columns that the job calls the key to that: what is behind null cannot be asked for, and would be missed.
 *
 * @throws MillraceError CONFIG_INVALID; and what the driver throws
 */
export async function assertKeyNotNull(
  connection: Connection,
  { from, key, isNeverNull, name }: Relation,
): Promise<void> {
  if (isNeverNull || key.length === 0) return;
  const condition = key.map((column) => `${quoteIdentifier(column)} IS NULL`).join(" OR ");
  const { rows } = await connection.query(`SELECT EXISTS (SELECT FROM ${from} WHERE ${condition}) AS found`);
  if (rows[0]?.["found"] !== true) return;
  throw invalid(
    "key",
    `${key.join(", ")}: null in some rows of ${name}, and nothing can be read behind null; name other columns`,
  );
}

function invalid(key: string, message: string): MillraceError {
  return new MillraceError("CONFIG_INVALID", `source.${key}: ${message}`);
}
