/** A sink's mode, settled once its table was looked at. */
import { MillraceError } from "../../../../core/errors.ts";
import { assertColumns, type Table, type TableColumn } from "../../../../postgres/catalogue.ts";
import type { TableName } from "../../../../postgres/identifiers.ts";
import type { UniqueKey } from "../../../../postgres/unique-keys.ts";
import type { PostgresSinkOptions } from "../../options.ts";
import { CopyLoad } from "./copy-load.ts";
import { deleteCondition } from "./delete-condition.ts";
import { InsertLoad } from "./insert-load.ts";
import type { MakeLoad } from "./load.ts";
import { ignoreStatements, type UpsertRule, upsertStatements } from "./merge-statements.ts";
import { StagedLoad } from "./staged-load.ts";
import { keyOf } from "./key.ts";
import type { StageColumn } from "./stage.ts";

/** What is known of the table. */
export interface ModeTable {
  readonly table: Table;
  readonly keys: readonly UniqueKey[];
  /** Whether rows of form 0 are binary. */
  readonly binary: boolean;
  /** For messages. */
  readonly label: string;
}

/** How rows are written. */
export interface WritingMode {
  /** Output columns that every row has, whatever the first records have. */
  readonly always: readonly string[];
  /** Output column that the table does not have. */
  readonly extra: StageColumn | undefined;
  /** A unit's way into a table. @throws MillraceError COLUMN_UNKNOWN */
  loadInto(into: TableName, columns: readonly string[]): MakeLoad;
}

/**
 * The mode that the options mean for a table.
 *
 * @throws MillraceError CONFIG_INVALID, COLUMN_UNKNOWN, SINK_REFUSED
 */
export function writingMode(options: PostgresSinkOptions, about: ModeTable): WritingMode {
  const { mode } = options;
  switch (mode) {
    case "upsert":
      return upserting(options, about);
    case "insertIgnore":
      return ignoring(options, about);
    case "insert":
      return plain(about, (into, columns) => () => new InsertLoad(into, columns));
    default:
      return plain(about, (into, columns) => {
        const target = { into, columns: columns.map(({ name }) => name), binary: about.binary };
        return () => new CopyLoad(target);
      });
  }
}

function plain(
  { table, label }: ModeTable,
  load: (into: TableName, columns: readonly TableColumn[]) => MakeLoad,
): WritingMode {
  return {
    always: [],
    extra: undefined,
    loadInto: (into, columns) => load(into, knownColumns(table, columns, label)),
  };
}

function upserting(options: PostgresSinkOptions, about: ModeTable): WritingMode {
  const { table, binary, label } = about;
  const unique = keyOf(options.key, about);
  const { onlyNewer = null } = options;
  const { columns: key } = unique;
  if (onlyNewer !== null) assertColumns(table, [onlyNewer], `${label}: onlyNewer`);
  const condition = deleteCondition(options.deleteWhen, table.columns);
  const rule: UpsertRule = {
    key,
    nullable: table.columns.filter(({ name, notNull }) => key.includes(name) && !notNull).map(({ name }) => name),
    nullsAlike: unique.nullsAlike,
    deleteWhen: condition?.sql ?? null,
    onlyNewer,
  };
  const extra = condition?.extra;
  const always = new Set([...key, ...(onlyNewer === null ? [] : [onlyNewer]), ...(condition ? [condition.field] : [])]);
  return {
    always: [...always],
    extra,
    loadInto: (into, names) => {
      assertAll(always, names, label);
      const columns = knownColumns(
        table,
        names.filter((name) => name !== extra?.name),
        label,
      );
      const statements = upsertStatements({
        into,
        columns: columns.map(staged),
        ...(extra && { extra: [extra] }),
        binary,
        rule,
      });
      return () => new StagedLoad(statements);
    },
  };
}

function ignoring({ key: wanted }: PostgresSinkOptions, about: ModeTable): WritingMode {
  const { table, binary, label } = about;
  const key = wanted === undefined ? null : keyOf(wanted, about).columns;
  return {
    always: key ?? [],
    extra: undefined,
    loadInto: (into, names) => {
      const columns = knownColumns(table, names, label).map(staged);
      const statements = ignoreStatements({ into, columns, binary, key });
      return () => new StagedLoad(statements);
    },
  };
}

function staged({ name, declared, identityAlways }: TableColumn) {
  return { name, type: declared, identityAlways };
}

/** The table's columns of these names, in their order. */
export function columnsOf({ columns }: Table, names: readonly string[]): readonly TableColumn[] {
  return names.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}

function knownColumns(table: Table, names: readonly string[], label: string): readonly TableColumn[] {
  assertColumns(table, names, label);
  return columnsOf(table, names);
}

function assertAll(needed: ReadonlySet<string>, names: readonly string[], label: string): void {
  const missing = [...needed].find((name) => !names.includes(name));
  if (missing === undefined) return;
  throw new MillraceError(
    "COLUMN_UNKNOWN",
    `${label}: mode upsert needs the column "${missing}", which is not among the output columns ${names.join(", ")}; add it to columns`,
    { details: { column: missing } },
  );
}
