/** The temporary table in which the rows of a unit wait to be merged. */
import { quoteIdentifier } from "../../../../postgres/identifiers.ts";
import type { CopyTarget } from "../../../../postgres/row-copies.ts";

/** Its name. */
export const STAGE = "millrace_stage";

/** A column of it. */
export interface StageColumn {
  readonly name: string;
  /** As a definition spells it. */
  readonly type: string;
}

/** What is done with it. */
export interface StageStatements {
  readonly create: string;
  readonly copy: CopyTarget;
  readonly empty: string;
}

/** The column that counts the rows in the order of their COPY: a name that no other column has. */
export function placeColumn(columns: readonly StageColumn[]): string {
  let name = "millrace_place";
  while (columns.some((column) => column.name === name)) name += "_";
  return name;
}

/**
 * The statements for a table of these columns. It has their types and nothing of their constraints: those are the
 * merge's, which may fill in what is missing.
 *
 * @param binary whether rows of form 0 are binary
 */
export function stageStatements(columns: readonly StageColumn[], binary: boolean): StageStatements {
  const definitions = columns.map(({ name, type }) => `${quoteIdentifier(name)} ${type}`);
  const place = `${quoteIdentifier(placeColumn(columns))} bigint GENERATED ALWAYS AS IDENTITY`;
  return {
    create: `CREATE TEMPORARY TABLE ${STAGE} (${[...definitions, place].join(", ")}) ON COMMIT DROP`,
    copy: { into: { schema: "pg_temp", table: STAGE }, columns: columns.map(({ name }) => name), binary },
    empty: `TRUNCATE pg_temp.${STAGE}`,
  };
}
