/**
 * The SQL of a merge: from the temporary table into the table.
 *
 * Of the rows of one unit that share a key one takes effect, the same as if they had come one after another: the last,
 * or with `onlyNewer` the first of the newest. They are taken in the order of the key, so that two jobs which write the
 * same rows wait for each other instead of deadlocking.
 */
import { quoteIdentifier, quoteTable, type TableName } from "../../../../postgres/identifiers.ts";
import { placeColumn, STAGE, type StageColumn, type StageStatements, stageStatements } from "./stage.ts";

/** All statements of a merge. */
export interface MergeStatements extends StageStatements {
  readonly merge: string;
}

/** A column of the table into which rows are merged. */
export interface MergeColumn extends StageColumn {
  /** It has to be told that a value of its own is meant, and cannot be updated. */
  readonly identityAlways: boolean;
}

/** What an upsert goes by. */
export interface UpsertRule {
  readonly key: readonly string[];
  /** Columns of the key that may be null. */
  readonly nullable: readonly string[];
  /** Whether two rows with null there are the same; else such rows are all different. */
  readonly nullsAlike: boolean;
  /** Condition over the temporary table's columns under which a row deletes; null: none does. */
  readonly deleteWhen: string | null;
  /** Column that must have grown; null: the incoming row always wins. */
  readonly onlyNewer: string | null;
}

/** What both merges need. */
interface MergeOptions {
  readonly into: TableName;
  /** Output columns that the table has. */
  readonly columns: readonly MergeColumn[];
  /** Output columns that it does not have. */
  readonly extra?: readonly StageColumn[];
  /** Whether rows of form 0 are binary. */
  readonly binary: boolean;
}

const STORED = `"millrace_stored"`;
const ROWS = `"millrace_rows"`;

/**
 * The statements of `mode: upsert`.
 *
 * Source: PostgreSQL documentation, INSERT, "ON CONFLICT Clause"; SELECT, "DISTINCT Clause".
 */
export function upsertStatements({
  into,
  columns,
  extra = [],
  binary,
  rule,
}: MergeOptions & { readonly rule: UpsertRule }): MergeStatements {
  const staged = [...columns, ...extra];
  const rows = effectiveRows(staged, rule);
  const statements = [
    ...(rule.deleteWhen === null ? [] : [deleteStatement(into, rows, rule, rule.deleteWhen)]),
    [
      insertHead(into, columns, STORED),
      `SELECT ${nameList(columns)} FROM (${rows}) AS ${ROWS}`,
      ...(rule.deleteWhen === null ? [] : [`WHERE (${rule.deleteWhen}) IS NOT TRUE`]),
      onConflict(columns, rule),
    ].join(" "),
  ];
  return { ...stageStatements(staged, binary), merge: statements.join(";") };
}

/**
 * The statements of `mode: insertIgnore`.
 *
 * @param key what a row must not share with one that is there; null: anything unique
 */
export function ignoreStatements({
  into,
  columns,
  binary,
  key,
}: MergeOptions & { readonly key: readonly string[] | null }): MergeStatements {
  const place = quoteIdentifier(placeColumn(columns));
  const target = key === null ? "" : ` (${key.map(quoteIdentifier).join(", ")})`;
  const merge = [
    insertHead(into, columns),
    `SELECT ${nameList(columns)} FROM pg_temp.${STAGE} ORDER BY ${place}`,
    `ON CONFLICT${target} DO NOTHING`,
  ].join(" ");
  return { ...stageStatements(columns, binary), merge };
}

/** `INSERT INTO table (columns)`; values for an identity column are taken as a COPY takes them. */
export function insertHead(into: TableName, columns: readonly MergeColumn[], alias?: string): string {
  const named = alias === undefined ? "" : ` AS ${alias}`;
  const overriding = columns.some(({ identityAlways }) => identityAlways) ? " OVERRIDING SYSTEM VALUE" : "";
  return `INSERT INTO ${quoteTable(into)}${named} (${nameList(columns)})${overriding}`;
}

/** One row a key: the one that takes effect. */
function effectiveRows(staged: readonly StageColumn[], { key, nullable, nullsAlike, onlyNewer }: UpsertRule): string {
  const place = quoteIdentifier(placeColumn(staged));
  const isNull = nullable.map((name) => `${quoteIdentifier(name)} IS NULL`).join(" OR ");
  const apart = isNull === "" || nullsAlike ? [] : [`CASE WHEN ${isNull} THEN ${place} END`];
  const same = [...key.map(quoteIdentifier), ...apart];
  const best = onlyNewer === null ? `${place} DESC` : `${quoteIdentifier(onlyNewer)} DESC NULLS LAST, ${place}`;
  return `SELECT DISTINCT ON (${same.join(", ")}) * FROM pg_temp.${STAGE} ORDER BY ${same.join(", ")}, ${best}`;
}

function deleteStatement(into: TableName, rows: string, rule: UpsertRule, condition: string): string {
  const { key, onlyNewer } = rule;
  const matches = key.map((name) => matching(quoteIdentifier(name), rule.nullsAlike && rule.nullable.includes(name)));
  const newer = onlyNewer === null ? [] : [`(${isNewer(ROWS, onlyNewer)})`];
  return (
    `DELETE FROM ${quoteTable(into)} AS ${STORED} USING (SELECT * FROM (${rows}) AS ${ROWS} WHERE ${condition}) AS ${ROWS} ` +
    `WHERE ${[...matches, ...newer].join(" AND ")}`
  );
}

/** An index serves `=` and an OR of both, but no IS NOT DISTINCT FROM. */
function matching(column: string, nullsAlike: boolean): string {
  const [stored, incoming] = [`${STORED}.${column}`, `${ROWS}.${column}`];
  return nullsAlike
    ? `(${stored} = ${incoming} OR (${stored} IS NULL AND ${incoming} IS NULL))`
    : `${stored} = ${incoming}`;
}

function onConflict(columns: readonly MergeColumn[], { key, onlyNewer }: UpsertRule): string {
  const target = `ON CONFLICT (${key.map(quoteIdentifier).join(", ")})`;
  const set = columns
    .filter(({ name, identityAlways }) => !key.includes(name) && !identityAlways)
    .map(({ name }) => `${quoteIdentifier(name)} = EXCLUDED.${quoteIdentifier(name)}`);
  if (set.length === 0) return `${target} DO NOTHING`;
  const where = onlyNewer === null ? "" : ` WHERE ${isNewer("EXCLUDED", onlyNewer)}`;
  return `${target} DO UPDATE SET ${set.join(", ")}${where}`;
}

/** Null is older than anything, and never newer. */
function isNewer(incoming: string, column: string): string {
  const [ours, theirs] = [`${incoming}.${quoteIdentifier(column)}`, `${STORED}.${quoteIdentifier(column)}`];
  return `${ours} > ${theirs} OR (${theirs} IS NULL AND ${ours} IS NOT NULL)`;
}

function nameList(columns: readonly StageColumn[]): string {
  return columns.map(({ name }) => quoteIdentifier(name)).join(", ");
}
