/** What `bench insert` found out, as a table for people and as an object for programs. */
import type { Recommendation } from "../../bench/insert/recommendation.ts";
import type { InsertReport, WayFigures } from "../../bench/insert/report.ts";
import { spreadOf } from "../../bench/statistics.ts";
import { formatCount, formatCounted, formatSize } from "../../observability/figures.ts";
import type { Paint } from "../../observability/palette.ts";
import { textTable } from "../text-table.ts";

/** How it is shown. */
export interface BenchView {
  readonly width: number;
  readonly paint: Paint;
}

const HEADINGS = ["way", "rows/s", "x", "us/row", "CPU us/row", "WAL B/row", "spread %", "rows"];

/** The ways by their speed, those that cannot be gone, and which one the job should take. */
export function renderInsertReport(report: InsertReport, { width, paint }: BenchView): string {
  const [best] = report.ways;
  const parts = [
    paint("strong", headOf(report)),
    best === undefined
      ? ""
      : textTable(
          HEADINGS,
          report.ways.map((way) => cellsOf(way, best)),
          { width },
        ),
    [...report.refused.map(({ way, why }) => `${way}: not for this table: ${why}`), ...notesOf(report)].join("\n"),
    report.recommended === null ? "" : `${paint("strong", "recommended:")} ${adviceOf(report, report.recommended)}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The same for programs: rates in rows a second, times in microseconds, sizes in bytes. */
export function insertReportToJson({ ways, ...report }: InsertReport): object {
  return {
    ...report,
    ways: ways.map(({ rowsPerSecond, cpuPerRow, ...way }) => ({
      way: way.way,
      rowsPerSecond: Math.round(rowsPerSecond.median),
      least: Math.round(rowsPerSecond.least),
      most: Math.round(rowsPerSecond.most),
      microsecondsPerRow: rounded(1e6 / rowsPerSecond.median),
      cpuMicrosecondsPerRow: rounded(cpuPerRow),
      walBytesPerRow: way.walBytesPerRow === null ? null : Math.round(way.walBytesPerRow),
      rows: way.rows,
    })),
  };
}

function headOf({ job, table, rows, columns, bytes, indexes, rounds }: InsertReport): string {
  const made = indexes ? "with its indexes and constraints" : "without its indexes and constraints";
  return (
    `${job}: ${formatCounted(rows, "row")} of ${formatCounted(columns.length, "column")} (${formatSize(bytes)} as COPY text) ` +
    `into a table like ${table} ${made}, median of ${formatCounted(rounds, "round")}`
  );
}

function cellsOf({ way, rowsPerSecond, cpuPerRow, walBytesPerRow, rows }: WayFigures, best: WayFigures): string[] {
  return [
    way,
    formatCount(rowsPerSecond.median),
    (rowsPerSecond.median / best.rowsPerSecond.median).toFixed(3),
    (1e6 / rowsPerSecond.median).toFixed(2),
    cpuPerRow.toFixed(2),
    walBytesPerRow === null ? "" : formatCount(walBytesPerRow),
    formatCount(100 * spreadOf(rowsPerSecond)),
    formatCount(rows),
  ];
}

function notesOf({ records, rejected, isFull, refusedRows, rows, ways }: InsertReport): string[] {
  const cut = ways.some((way) => way.rows < rows);
  return [
    ...(cut
      ? ["Where fewer rows are shown, the time limit came before the others; into a table so small they may go faster."]
      : []),
    ...(isFull
      ? [`Not all that ${formatCounted(records, "record")} become is measured: there is no memory kept for more rows.`]
      : []),
    ...(rejected > 0 ? [`Of ${formatCounted(records, "record")} ${formatCount(rejected)} were rejected.`] : []),
    ...(refusedRows > 0
      ? [`${formatCounted(refusedRows, "row")} are left out: the table refuses them, or a later one has the same key.`]
      : []),
  ];
}

/** One sentence. */
function adviceOf({ ways }: InsertReport, { way, level, set, isCurrent }: Recommendation): string {
  const rate = (name: string): number => ways.find((other) => other.way === name)?.rowsPerSecond.median ?? Number.NaN;
  const others = ways.filter((other) => other.way !== way && !level.includes(other.way));
  const [next] = others;
  const single = others.find((other) => other.way === "single INSERT");
  const compared = [
    ...level.map((other) => `level with ${other}`),
    ...[...new Set([next, single])].flatMap((other) =>
      other === undefined ? [] : [`${factor(rate(way) / rate(other.way))} x ${other.way}`],
    ),
  ];
  const keys = Object.entries(set).map(([key, value]) => `${key}: ${value}`);
  const todo = isCurrent
    ? "the job takes it already"
    : keys.length === 0
      ? "nothing to set"
      : `set ${keys.join(" and ")}`;
  return `${way}${compared.length === 0 ? "" : `, ${compared.join(", ")}`}; ${todo}`;
}

function factor(value: number): string {
  return value >= 10 ? formatCount(value) : value.toFixed(2);
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
