/** What the encoder has to know of a Postgres type; everything else the server knows. */

/** How values are written into a column of a type. */
export interface ColumnKind {
  /** Of the elements when it is an array. `text`: holds any text, also the empty one. */
  readonly family: "text" | "integer" | "json" | "date" | "timestamp" | "other";
  readonly array: boolean;
}

const families: ReadonlyMap<string, ColumnKind["family"]> = new Map<string, ColumnKind["family"]>([
  ...["text", "varchar", "character varying", "bpchar", "character", "char", "name", "citext"].map(
    (name) => [name, "text"] as const,
  ),
  ...["int2", "int4", "int8", "smallint", "integer", "bigint", "oid"].map((name) => [name, "integer"] as const),
  ["json", "json"],
  ["jsonb", "json"],
  ["date", "date"],
  ["timestamp", "timestamp"],
  ["timestamp without time zone", "timestamp"],
]);

/**
 * The kind of a type named as `pg_type` or `format_type` names it: `int4`, `_text`, `character varying(20)`, `integer[]`.
 * An unknown type is taken for text: it gets what the value says and the server decides.
 */
export function columnKind(type: string | undefined): ColumnKind {
  if (type === undefined) return { family: "text", array: false };
  const name = type
    .toLowerCase()
    .replaceAll(/\(.*?\)|"/g, "")
    .replaceAll(/ +/g, " ")
    .trim();
  const array = name.startsWith("_") || name.endsWith("[]");
  const element = name
    .replace(/^_/, "")
    .replace(/(?:\[\])+$/, "")
    .trim();
  return { family: families.get(element) ?? "other", array };
}
