/** Rows of text under their headings, for terminals. */

/**
 * The table with columns as wide as their widest cell; a column of figures is aligned to the right.
 *
 * @example
 * textTable(["country", "orders"], [["DE", "41,202"], ["SE", "7"]], "  ");
 */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[], indent = ""): string {
  const columns = headings.map((heading, column) => {
    const cells = rows.map((row) => row[column] ?? "");
    const width = Math.max(heading.length, ...cells.map((cell) => cell.length));
    return { width, right: cells.length > 0 && cells.every((cell) => /^[\d.,]*$/.test(cell)) };
  });
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ width, right }, column) => {
      const cell = cells[column] ?? "";
      return right ? cell.padStart(width) : cell.padEnd(width);
    });
    return (indent + padded.join(" | ")).trimEnd();
  };
  return [headings, ...rows].map(line).join("\n");
}
