/** JavaScript arrays as Postgres array literals: `{1,2}`, `{"a","b\"c"}`, `{{1,2},{3,4}}`. */
import { postgresDate } from "../values/iso-text.ts";
import { jsonText, unwritable, validInstant } from "../values/json-text.ts";
import { valueText } from "../values/write-text.ts";
import type { ColumnKind } from "./column-kind.ts";

/** Beyond Postgres' own limit of dimensions there is nothing to write, and an array inside itself ends here. */
const MAX_DIMENSIONS = 6;

/** The literal; elements that are null or undefined become NULL. @throws MillraceError VALUE_INVALID */
export function arrayLiteral(items: readonly unknown[], column: string, kind: ColumnKind, dimension = 1): string {
  if (dimension > MAX_DIMENSIONS) throw unwritable(column, `Postgres arrays have at most ${MAX_DIMENSIONS} dimensions`);
  const elements = items.map((item) => {
    if (item === null || item === undefined) return "NULL";
    // an array of JSON values holds arrays as JSON, not as a further dimension
    if (Array.isArray(item) && kind.family !== "json") return arrayLiteral(item, column, kind, dimension + 1);
    return elementText(item, column, kind);
  });
  return `{${elements.join(",")}}`;
}

function elementText(item: unknown, column: string, { family }: ColumnKind): string {
  if (typeof item === "number" || typeof item === "bigint" || typeof item === "boolean") return `${item}`;
  if (family === "json" && typeof item !== "string") return quoted(jsonText(item, column));
  if (family === "date" && item instanceof Date) return quoted(postgresDate(validInstant(item, column)));
  return quoted(valueText(item, column, "postgres"));
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
