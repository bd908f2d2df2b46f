/** What rows have to look like for a table. */
import type { EncodeSpec } from "../../../core/ports/format.ts";
import type { SinkContext } from "../../../core/ports/sink.ts";
import { type ColumnTypes, typedColumns } from "../../../core/typed-columns.ts";
import type { PostgresSinkOptions } from "../options.ts";
import type { CopyForms } from "./copy-forms.ts";
import type { WritingMode } from "./modes/writing-mode.ts";
import type { TargetTable } from "./target-table.ts";

/** What is known of a sink once its table was looked at. */
export interface SinkShape {
  readonly options: PostgresSinkOptions;
  readonly context: SinkContext;
  readonly table: TargetTable;
  readonly mode: WritingMode;
  readonly forms: CopyForms;
}

/** What the threads are to make. */
export function encodeSpec(shape: SinkShape): EncodeSpec {
  const { options, context, mode, forms } = shape;
  const asked = askedColumns(shape);
  const spec: EncodeSpec = {
    sink: context.name,
    format: forms.format,
    options: { ...columnTypes(shape) },
    columns: null,
    needsColumns: true,
    onUnknownField: options.onUnknownField === "ignore" ? "ignore" : "error",
    ...(mode.always.length > 0 && { always: mode.always }),
  };
  return asked === undefined ? spec : { ...spec, columns: typedColumns(spec, asked) };
}

/** The output columns that the job names; undefined: the first records tell them. */
export function askedColumns({ options: { columns }, mode: { extra } }: SinkShape): readonly string[] | undefined {
  return columns && [...new Set([...columns, ...(extra ? [extra.name] : [])])];
}

/** Types of the columns that there are, and of those that the run may add. */
function columnTypes({ context: { declared = {} }, table, mode: { extra } }: SinkShape): ColumnTypes {
  const added = table.grows ? Object.keys(declared).map((name) => [name, table.typeOf(name)]) : [];
  const there = table.found.table.columns.filter(({ generated }) => !generated).map(({ name, type }) => [name, type]);
  const types = Object.fromEntries([...added, ...there, ...(extra ? [[extra.name, extra.type]] : [])]);
  return { types, ...(table.grows && { otherType: table.typeOf("") }) };
}
