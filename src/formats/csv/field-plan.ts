/** What becomes of a field's text: null, or a value of the declared type. SEMANTICS "Null and empty". */
import type { FieldKind } from "../../core/ports/format.ts";
import type { FieldNotation } from "../../core/ports/placed-fields.ts";
import type { Column, ColumnType } from "../../core/record.ts";
import { anyPlain, type ColumnReader, columnReader } from "../values/column-reader.ts";
import type { FieldSelection } from "../field-selection.ts";
import type { Dialect } from "./dialect.ts";

/** One field of a header. */
export interface FieldPlan {
  readonly name: string;
  /** What the source calls it, for messages. */
  readonly title: string;
  /** Absent for fields whose value is their text. */
  readonly reader: ColumnReader | undefined;
  /** The reader's way to read a field from its bytes, if it has one. */
  readonly readBytes: ColumnReader["readBytes"] | undefined;
  /** A field with ASCII text is read without looking at that text: by {@link readBytes}, or it is the value. */
  readonly direct: boolean;
  /** Whether a text that was read may be handed on as it stands; undefined: any may. */
  readonly plain: ColumnReader["plain"] | undefined;
  readonly plainBytes: ColumnReader["plainBytes"] | undefined;
  /** An unquoted empty field is null. */
  readonly emptyIsNull: boolean;
  /** Null is a fault. */
  readonly refusesNull: boolean;
  readonly comparison: Comparison;
  readonly kind: FieldKind;
  /** Of sources whose records are passed on unread; absent: `other`. */
  readonly notation?: FieldNotation;
  /** The source's own word for its type, where it has one. */
  readonly sourceType?: string;
}

/**
 * How an untouched value is told: primitives by themselves, dates by object and time, JSON and bytes by their content
 * (a transform may have changed them in place).
 */
export type Comparison = "value" | "time" | "content";

/** Plans the fields of a header. */
export function planFields(
  { names, titles, columns }: Pick<FieldSelection, "names" | "titles" | "columns">,
  dialect: Dialect,
): readonly FieldPlan[] {
  return names.map((name, index) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    return planField(name, titles[index] as string, column, dialect);
  });
}

function planField(name: string, title: string, column: Column | undefined, dialect: Dialect): FieldPlan {
  const typed = column !== undefined && column.type !== "string";
  const reader = typed ? columnReader(column) : undefined;
  return {
    name,
    title,
    reader,
    readBytes: reader?.readBytes,
    // null marks are told by their text
    direct: dialect.nullMarks.size === 0 && (reader === undefined || reader.readBytes !== undefined),
    plain: reader === undefined || reader.plain === anyPlain ? undefined : reader.plain,
    plainBytes: reader?.plainBytes,
    emptyIsNull: dialect.emptyAsNull || typed || column?.nullable === true,
    refusesNull: column?.nullable === false,
    comparison: comparisonOf(column?.type ?? "string"),
    kind: kindOf(column?.type ?? "string"),
  };
}

/** Whether an unquoted field's text stands for null. */
export function meansNull(text: string, plan: FieldPlan, nullMarks: ReadonlySet<string>): boolean {
  return text === "" ? plan.emptyIsNull : nullMarks.size > 0 && nullMarks.has(text);
}

function kindOf(type: ColumnType): FieldKind {
  if (type === "timestamp") return "time";
  if (type === "int") return "int";
  return type === "string" || type === "uuid" || type === "decimal" ? "text" : "other";
}

function comparisonOf(type: ColumnType): Comparison {
  if (type === "timestamp") return "time";
  return type === "json" || type === "bytes" ? "content" : "value";
}
