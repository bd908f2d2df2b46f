/** What becomes of each member of an object of a known shape. */
import type { FieldKind } from "../../core/ports/format.ts";
import type { Columns, ColumnType } from "../../core/record.ts";
import { type ColumnReader, columnReader } from "../values/column-reader.ts";
import type { ShapeSample } from "./known-shape.ts";

/** One member. */
export interface MemberPlan {
  readonly name: string;
  /** The bytes before its value. */
  readonly label: Buffer;
  /** Of a declared column. */
  readonly reader: ColumnReader | undefined;
  /** A string is the value itself. */
  readonly isText: boolean;
  /** Null is a fault. */
  readonly required: boolean;
  readonly kind: FieldKind;
}

/** Plans the members of objects like the sample. */
export function planMembers({ keys, labels, quoted, values }: ShapeSample, columns: Columns): readonly MemberPlan[] {
  return keys.map((name, index) => {
    const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
    const isQuoted = quoted[index] === true;
    return {
      name,
      // a copy: the sample's bytes are soon others
      label: Buffer.from(labels[index] as Buffer),
      reader: column === undefined ? undefined : columnReader(column),
      isText: column === undefined || column.type === "string",
      required: column?.nullable === false,
      kind: column === undefined ? (typeof values[index] === "number" ? "int" : "text") : kindOf(column.type, isQuoted),
    };
  });
}

/** A decimal or uuid is its text where it stood in quotes; the digits of a number are written without. */
function kindOf(type: ColumnType, isQuoted: boolean): FieldKind {
  if (type === "timestamp") return "time";
  if (type === "int") return "int";
  const isText = type === "string" || type === "uuid" || type === "decimal";
  return isText && isQuoted ? "text" : "other";
}
