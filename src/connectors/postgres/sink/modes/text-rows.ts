/**
 * Rows of COPY's text format, taken apart into the texts of their columns.
 *
 * Source: PostgreSQL documentation, COPY, "Text Format".
 */

/** What stands behind a backslash; anything else stands for itself. */
const ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/**
 * The columns of some rows; null is SQL's NULL.
 *
 * @example
 * readTextRows(new TextEncoder().encode("1\ta\n2\t\\N\n"), 2); // [["1", "2"], ["a", null]]
 */
export function readTextRows(bytes: Uint8Array, columns: number): (string | null)[][] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const values: (string | null)[][] = Array.from({ length: columns }, () => []);
  // Tabs and line ends inside of a value are written as escapes.
  for (const line of text.split("\n").slice(0, -1)) {
    const fields = line.split("\t");
    for (const [column, list] of values.entries()) list.push(fieldText(fields[column] ?? ""));
  }
  return values;
}

function fieldText(field: string): string | null {
  if (!field.includes("\\")) return field;
  if (field === "\\N") return null;
  return field.replaceAll(/\\(?<escaped>[\s\S])/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}
