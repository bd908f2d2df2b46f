/** `select` and `rename` of a job, applied to the fields of a source. */
import type { DecodeSpec } from "../core/ports/format.ts";
import type { Columns } from "../core/record.ts";

/** What of a source's fields a record has. */
export interface FieldSelection {
  /** The record's names in order. */
  readonly names: readonly string[];
  /** What the source calls them. */
  readonly titles: readonly string[];
  /** Their numbers in the source; null when they are all of them, in its order. */
  readonly picked: Int32Array | null;
  /** The declared columns by the record's names. */
  readonly columns: Columns;
}

/**
 * The selection from a header.
 *
 * @example
 * selectionFrom(["id", "Order ID"], { select: ["Order ID"], rename: { "Order ID": "order" } }).names; // ["order"]
 */
export function selectionFrom(
  header: readonly string[],
  { select, rename = {}, columns }: Pick<DecodeSpec, "select" | "rename" | "columns">,
): FieldSelection {
  const titles = (select ?? header).filter((title) => header.includes(title));
  const picked = select === undefined ? null : Int32Array.from(titles, (title) => header.indexOf(title));
  return {
    names: titles.map((title) => renamed(title, rename)),
    titles,
    picked,
    columns: renamedColumns(columns, rename),
  };
}

/** What a record calls the source's field `title`. */
export function renamed(title: string, rename: { readonly [field: string]: string }): string {
  return Object.hasOwn(rename, title) ? (rename[title] as string) : title;
}

function renamedColumns(columns: Columns, rename: { readonly [field: string]: string }): Columns {
  return Object.fromEntries(Object.entries(columns).map(([title, column]) => [renamed(title, rename), column]));
}
