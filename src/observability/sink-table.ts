/** What each of several sinks made of the records, as a table that people read. */
import type { Counts } from "../core/ledger.ts";
import { displayWidth } from "./display-width.ts";
import { formatCount, formatSize } from "./figures.ts";

interface Column {
  readonly heading: string;
  readonly cell: (counts: Counts) => string;
  /** Whether it says anything about these sinks. */
  readonly isOfUse: (all: readonly Counts[]) => boolean;
}

const always = (): boolean => true;
const COLUMNS: readonly Column[] = [
  { heading: "read", cell: ({ read }) => formatCount(read), isOfUse: always },
  { heading: "written", cell: ({ written }) => formatCount(written), isOfUse: always },
  {
    heading: "rows",
    cell: ({ emitted }) => formatCount(emitted),
    isOfUse: (all) => all.some(({ emitted, written }) => emitted !== written),
  },
  { heading: "filtered", cell: ({ filtered }) => formatCount(filtered), isOfUse: always },
  { heading: "rejected", cell: ({ rejected }) => formatCount(rejected), isOfUse: always },
  {
    heading: "folded",
    cell: ({ folded }) => formatCount(folded),
    isOfUse: (all) => all.some(({ folded }) => folded > 0),
  },
  { heading: "bytes", cell: ({ bytes }) => formatSize(bytes), isOfUse: always },
];
const BETWEEN = "  ";

/** The lines of the table, the first one its headings. */
export function sinkTable(sinks: { readonly [name: string]: Counts }): string[] {
  const all = Object.values(sinks);
  const columns = COLUMNS.filter(({ isOfUse }) => isOfUse(all));
  const rows = Object.entries(sinks).map(([name, counts]) => [name, ...columns.map(({ cell }) => cell(counts))]);
  const lines = [["", ...columns.map(({ heading }) => heading)], ...rows];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => displayWidth(cells[column] ?? ""))));
  return lines.map((cells) => cells.map((cell, column) => pad(cell, widths?.[column] ?? 0, column > 0)).join(BETWEEN));
}

function pad(cell: string, width: number, isFigure: boolean): string {
  const blank = " ".repeat(width - displayWidth(cell));
  return isFigure ? blank + cell : cell + blank;
}
