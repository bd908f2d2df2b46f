/** Records and the values their fields may hold. */

/** A field's value as a transform sees it; SEMANTICS "Values" says which declared type gives which. */
export type Value =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly unknown[]
  | object;

/** One record: its fields by name, in the order of the source. */
export type DataRecord = { [field: string]: unknown };

/** The declared type of a source's field. */
export type ColumnType =
  | "string"
  | "int"
  | "bigint"
  | "float"
  | "decimal"
  | "boolean"
  | "date"
  | "timestamp"
  | "uuid"
  | "json"
  | "bytes";

/** Every {@link ColumnType}, in the order the documentation lists them. */
export const COLUMN_TYPES = [
  "string",
  "int",
  "bigint",
  "float",
  "decimal",
  "boolean",
  "date",
  "timestamp",
  "uuid",
  "json",
  "bytes",
] as const satisfies readonly ColumnType[];

/** What a job declares of one field. */
export interface Column {
  readonly type: ColumnType;
  /** `true`: an empty field is null; `false`: null is a reject; absent: as the type says (SEMANTICS "Null and empty"). */
  readonly nullable?: boolean;
  /** Accepted notations of a date or timestamp: "ISO" or a pattern such as "yyyy-MM-dd HH:mm:ss". */
  readonly formats?: readonly string[];
  /** IANA zone of a timestamp that names none; UTC when absent. */
  readonly timezone?: string;
}

/** Declared columns by field name; fields that are not in it are strings. */
export type Columns = { readonly [field: string]: Column };
