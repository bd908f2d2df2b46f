/** Rows of text under their headings, for terminals. */
import { clip, displayWidth } from "../observability/display-width.ts";

/** How a table is laid out. */
export interface TableLayout {
  /** Before every line; default none. */
  readonly indent?: string;
  /** Columns of the terminal; default as many as the table needs. */
  readonly width?: number;
}

const BETWEEN = " | ";
const MORE = "...";
/** A column is not made narrower than this to let others in. */
const NARROWEST = 10;

/**
 * The table with columns as wide as their widest cell; a column of figures is aligned to the right. Where the terminal is
 * too narrow the widest columns are cut, and the last ones left out when even that does not help.
 *
 * @example
 * textTable(["country", "orders"], [["DE", "41,202"], ["SE", "7"]], { indent: "  " });
 */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  { indent = "", width = Number.POSITIVE_INFINITY }: TableLayout = {},
): string {
  const wanted = headings.map((heading, column) =>
    Math.max(...[heading, ...rows.map((row) => row[column] ?? "")].map(displayWidth)),
  );
  const widths = fitted(wanted, width - displayWidth(indent));
  const isFigure = headings.map((_, column) => rows.length > 0 && rows.every((row) => FIGURE.test(row[column] ?? "")));
  const line = (cells: readonly string[]): string => {
    const shown = widths.map((columns, column) => {
      const cell = clip(cells[column] ?? "", columns, MORE);
      const blank = " ".repeat(columns - displayWidth(cell));
      return isFigure[column] === true ? blank + cell : cell + blank;
    });
    const hidden = widths.length < headings.length ? `${BETWEEN}${MORE}` : "";
    return (indent + shown.join(BETWEEN) + hidden).trimEnd();
  };
  return [headings, ...rows].map(line).join("\n");
}

const FIGURE = /^-?[\d.,]*$/;

/** As many columns as fit, the widest made narrower first. */
function fitted(wanted: readonly number[], room: number): number[] {
  for (let count = wanted.length; count > 0; count--) {
    const left = count < wanted.length ? room - BETWEEN.length - MORE.length : room;
    const widths = shrunk(wanted.slice(0, count), left - BETWEEN.length * (count - 1));
    if (widths !== null) return widths;
  }
  return wanted.slice(0, 1);
}

/** Takes from the widest until the sum fits; null when some would get narrower than is of use. */
function shrunk(wanted: readonly number[], room: number): number[] | null {
  const total = (most: number): number => wanted.reduce((sum, width) => sum + Math.min(width, most), 0);
  if (total(Number.POSITIVE_INFINITY) <= room) return [...wanted];
  let most = Math.max(...wanted);
  while (most >= NARROWEST && total(most) > room) most--;
  return most < NARROWEST ? null : wanted.map((width) => Math.min(width, most));
}
