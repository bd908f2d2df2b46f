/** One line that tells how far a run is, made to fit a terminal of any width. */
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { formatDuration } from "../core/quantity.ts";
import { formatCount, formatPercent } from "./figures.ts";
import type { Paint } from "./palette.ts";
import type { Progress } from "./progress.ts";

const FULL_BAR = 26;
const SHORT_BAR = 10;
const INDENT = "  ";

/** What a line may show, from rich to poor: what helps least goes first. */
const LAYOUTS: readonly Layout[] = [
  { bar: FULL_BAR, name: true, total: true, pace: true, rest: true },
  { bar: SHORT_BAR, name: true, total: true, pace: true, rest: true },
  { bar: SHORT_BAR, name: true, total: false, pace: true, rest: true },
  { bar: 0, name: true, total: false, pace: true, rest: true },
  { bar: 0, name: true, total: false, pace: false, rest: true },
  { bar: 0, name: false, total: false, pace: false, rest: true },
  { bar: 0, name: false, total: false, pace: false, rest: false },
];

interface Layout {
  /** Cells of the bar. */
  readonly bar: number;
  readonly name: boolean;
  readonly total: boolean;
  readonly pace: boolean;
  readonly rest: boolean;
}

/**
 * The line, without its end, at most `width` columns wide.
 *
 * @param width columns it may take; parts are left out, and at last cut, to fit
 */
export function progressLine(progress: Progress, width: number, paint: Paint): string {
  let plain = "";
  for (const layout of LAYOUTS) {
    const line = INDENT + partsOf(progress, layout, paint).join("  ");
    plain = stripVTControlCharacters(line);
    if (plain.length <= width) return line;
  }
  return plain.slice(0, Math.max(0, width));
}

function partsOf(progress: Progress, layout: Layout, paint: Paint): string[] {
  const { fraction, records, totalRecords, rejected } = progress;
  const parts: string[] = [];
  if (layout.name) parts.push(nameOf(progress));
  if (fraction !== null && layout.bar > 0) parts.push(bar(fraction, layout.bar, paint));
  if (fraction !== null) parts.push(formatPercent(fraction));
  const total = layout.total && totalRecords !== null ? ` / ${estimated(progress, totalRecords)}` : "";
  parts.push(`${formatCount(records)}${total}${layout.pace ? " records" : ""}`);
  if (layout.pace) parts.push(`${formatCount(progress.recordsPerSecond)}/s`);
  if (rejected > 0) parts.push(paint("warning", `rejects ${formatCount(rejected)}`));
  if (layout.rest) parts.push(restOf(progress));
  return parts;
}

/** The file being read; of several its number among them, and their numbers alone when they are read side by side. */
function nameOf({ active, splits, splitsEnded }: Progress): string {
  const [first] = active;
  if (active.length > 1) return `${formatCount(splitsEnded)} of ${formatCount(splits)} done`;
  const name = first === undefined ? "" : printable(path.basename(first));
  if (splits <= 1) return name === "" ? "records" : name;
  if (name === "") return `${formatCount(splitsEnded)} of ${formatCount(splits)} done`;
  return `${name} (${formatCount(Math.min(splits, splitsEnded + 1))}/${formatCount(splits)})`;
}

/** A file may be called anything, also what moves a terminal's cursor. */
function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, "?");
}

function bar(fraction: number, cells: number, paint: Paint): string {
  const full = Math.floor(fraction * cells + 1e-9);
  return paint("accent", "█".repeat(full)) + paint("quiet", "░".repeat(cells - full));
}

function estimated({ fraction }: Progress, total: number): string {
  return fraction === 1 ? formatCount(total) : `~${formatCount(total)}`;
}

function restOf({ remainingMs, elapsedMs }: Progress): string {
  return remainingMs === null ? formatDuration(elapsedMs) : `ETA ${formatDuration(remainingMs)}`;
}
