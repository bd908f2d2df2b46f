/** The key that rows are merged by: it has to be one that the server holds to be unique. */
import { MillraceError } from "../../../../core/errors.ts";
import { assertColumns } from "../../../../postgres/catalogue.ts";
import type { UniqueKey } from "../../../../postgres/unique-keys.ts";
import type { ModeTable } from "./writing-mode.ts";

/**
 * The unique index of the wanted columns, in whatever order; the primary key when none are wanted.
 *
 * @throws MillraceError CONFIG_INVALID naming the unique indexes that there are, COLUMN_UNKNOWN
 */
export function keyOf(wanted: readonly string[] | undefined, { table, keys, label }: ModeTable): UniqueKey {
  if (wanted !== undefined) assertColumns(table, wanted, `${label}: key`);
  const found = keys.find(({ columns, primary }) => (wanted === undefined ? primary : isSameSet(columns, wanted)));
  if (found !== undefined) return found;
  const there = keys.map(({ columns }) => `[${columns.join(", ")}]`).join(", ");
  const known =
    keys.length === 0
      ? "it has no unique index of whole columns: create one"
      : `its unique indexes are on ${there}: set key to one of them, or create another`;
  throw new MillraceError(
    "CONFIG_INVALID",
    wanted === undefined
      ? `${label}: key: the table has no primary key that could serve as one; ${known}`
      : `${label}: key: nothing keeps [${wanted.join(", ")}] unique in the table; ${known}`,
    { details: { key: wanted ?? [] } },
  );
}

function isSameSet(left: readonly string[], right: readonly string[]): boolean {
  return new Set(left).size === new Set(right).size && left.every((name) => right.includes(name));
}
