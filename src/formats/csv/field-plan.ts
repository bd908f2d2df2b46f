/** What becomes of a field's text: null, or a value of the declared type. SEMANTICS "Null and empty". */
import type { Column, ColumnType, Columns } from "../../core/record.ts";
import { anyPlain, type ColumnReader, columnReader } from "../values/column-reader.ts";
import type { Dialect } from "./dialect.ts";

/** One field of a header. */
export interface FieldPlan {
  readonly name: string;
  /** Absent for fields whose value is their text. */
  readonly reader: ColumnReader | undefined;
  /** The reader's way to read a field from its bytes, if it has one. */
  readonly readBytes: ColumnReader["readBytes"] | undefined;
  /** A field with ASCII text is read without looking at that text: by {@link readBytes}, or it is the value. */
  readonly direct: boolean;
  /** Whether a text that was read may be handed on as it stands; undefined: any may. */
  readonly plain: ColumnReader["plain"] | undefined;
  /** An unquoted empty field is null. */
  readonly emptyIsNull: boolean;
  /** Null is a fault. */
  readonly refusesNull: boolean;
  readonly comparison: Comparison;
}

/**
 * How an untouched value is told: primitives by themselves, dates by object and time, JSON and bytes by their content
 * (a transform may have changed them in place).
 */
export type Comparison = "value" | "time" | "content";

/** Plans the fields of a header. */
export function planFields(names: readonly string[], columns: Columns, dialect: Dialect): readonly FieldPlan[] {
  return names.map((name) => planField(name, Object.hasOwn(columns, name) ? columns[name] : undefined, dialect));
}

function planField(name: string, column: Column | undefined, dialect: Dialect): FieldPlan {
  const typed = column !== undefined && column.type !== "string";
  const reader = typed ? columnReader(column) : undefined;
  return {
    name,
    reader,
    readBytes: reader?.readBytes,
    // null marks are told by their text
    direct: dialect.nullMarks.size === 0 && (reader === undefined || reader.readBytes !== undefined),
    plain: reader === undefined || reader.plain === anyPlain ? undefined : reader.plain,
    emptyIsNull: dialect.emptyAsNull || typed || column?.nullable === true,
    refusesNull: column?.nullable === false,
    comparison: comparisonOf(column?.type ?? "string"),
  };
}

/** Whether an unquoted field's text stands for null. */
export function meansNull(text: string, plan: FieldPlan, nullMarks: ReadonlySet<string>): boolean {
  return text === "" ? plan.emptyIsNull : nullMarks.size > 0 && nullMarks.has(text);
}

function comparisonOf(type: ColumnType): Comparison {
  if (type === "timestamp") return "time";
  return type === "json" || type === "bytes" ? "content" : "value";
}
