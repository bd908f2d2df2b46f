/** Holds the names that a job uses against the header of a file. */
import { MillraceError } from "./errors.ts";
import { nearestName } from "./nearest.ts";
import type { DecodeSpec } from "./ports/format.ts";

/**
 * Checks `columns`, `select` and `rename` against a header.
 *
 * @throws MillraceError COLUMN_UNKNOWN for a name that the header lacks
 * @throws MillraceError HEADER_INVALID when a new name is another field's already
 */
export function assertFieldsThere(
  file: string,
  fields: readonly string[],
  { columns, select = fields, rename = {} }: Pick<DecodeSpec, "columns" | "select" | "rename">,
): void {
  const header = { file, fields };
  for (const name of Object.keys(columns)) assertThere(`columns.${name}`, name, header);
  for (const name of select) assertThere("select", name, header);
  for (const [from, to] of Object.entries(rename)) {
    assertThere(`rename.${from}`, from, header);
    if (!select.includes(to) || Object.hasOwn(rename, to)) continue;
    throw new MillraceError(
      "HEADER_INVALID",
      `rename.${from}: the header of ${file} has a column ${to} already\n  choose another name, or leave that column out with select`,
    );
  }
}

function assertThere(
  key: string,
  name: string,
  header: { readonly file: string; readonly fields: readonly string[] },
): void {
  const { file, fields } = header;
  if (fields.includes(name)) return;
  const nearest = nearestName(name, fields);
  const hint = nearest === undefined ? `the header has ${fields.join(", ")}` : `did you mean ${nearest}?`;
  const what = key === "select" ? `column ${name}` : "such column";
  throw new MillraceError("COLUMN_UNKNOWN", `${key}: the header of ${file} has no ${what}\n  ${hint}`, {
    details: { file, column: name },
  });
}
