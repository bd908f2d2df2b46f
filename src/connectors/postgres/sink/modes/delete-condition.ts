/** `deleteWhen`: which rows of an upsert delete. */
import type { TableColumn } from "../../../../postgres/catalogue.ts";
import { quoteIdentifier, quoteLiteral } from "../../../../postgres/identifiers.ts";
import type { PostgresSinkOptions } from "../../options.ts";
import type { StageColumn } from "./stage.ts";

/** A condition over the temporary table. */
export interface DeleteCondition {
  readonly field: string;
  readonly sql: string;
  /** The field as a column of the temporary table alone; undefined where the table has it, too. */
  readonly extra: StageColumn | undefined;
}

/** The condition that a job's option means; null: rows never delete. */
export function deleteCondition(
  option: PostgresSinkOptions["deleteWhen"],
  columns: readonly TableColumn[],
): DeleteCondition | null {
  if (option === undefined) return null;
  const { field, equals } = typeof option === "string" ? { field: option, equals: undefined } : option;
  const isColumn = columns.some(({ name, generated }) => name === field && !generated);
  const type = equals === undefined || typeof equals === "boolean" ? "boolean" : "text";
  return {
    field,
    sql: equals === undefined ? quoteIdentifier(field) : `${quoteIdentifier(field)} = ${quoteLiteral(String(equals))}`,
    extra: isColumn ? undefined : { name: field, type },
  };
}
