/** One line that tells how far a run is, made to fit a terminal of any width. */
import path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { formatDuration } from "../core/quantity.ts";
import { clip, displayWidth, printable } from "./display-width.ts";
import { formatCount, formatCounted, formatPercent, formatSize } from "./figures.ts";
import type { Paint } from "./palette.ts";
import type { Progress } from "./progress.ts";

const FULL_BAR = 26;
const SHORT_BAR = 10;
const INDENT = "  ";

const ALL = { name: true, total: true, bytes: true, pace: true, rejects: true, rest: true };
const NONE: Layout = { bar: 0, name: false, total: false, bytes: false, pace: false, rejects: false, rest: false };

/** What a line may show, from rich to poor: what helps least goes first. */
const LAYOUTS: readonly Layout[] = [
  { ...ALL, bar: FULL_BAR },
  { ...ALL, bar: FULL_BAR, bytes: false },
  { ...ALL, bar: SHORT_BAR, bytes: false },
  { ...ALL, bar: SHORT_BAR, bytes: false, total: false },
  { ...ALL, bar: 0, bytes: false, total: false },
  { ...NONE, name: true, rejects: true, rest: true },
  { ...NONE, rejects: true, rest: true },
  { ...NONE, rejects: true },
  NONE,
];

interface Layout {
  /** Cells of the bar. */
  readonly bar: number;
  readonly name: boolean;
  readonly total: boolean;
  /** Bytes read, and the sink that is behind the others. */
  readonly bytes: boolean;
  readonly pace: boolean;
  readonly rejects: boolean;
  readonly rest: boolean;
}

/** How a line is drawn. */
export interface LineStyle {
  readonly paint: Paint;
  /** Only ASCII: the terminal shows nothing else. */
  readonly ascii: boolean;
}

/** A longer name would push out what is of more use. */
const LONGEST_NAME_COLUMNS = 32;

/**
 * The line, without its end, at most `width` columns wide.
 *
 * @param width columns it may take; parts are left out, and at last cut, to fit
 */
export function progressLine(progress: Progress, width: number, style: LineStyle): string {
  let plain = "";
  for (const layout of LAYOUTS) {
    const line = INDENT + partsOf(progress, layout, style).join("  ");
    plain = stripVTControlCharacters(line);
    if (displayWidth(plain) <= width) return line;
  }
  return clip(plain, Math.max(0, width));
}

function partsOf(progress: Progress, layout: Layout, style: LineStyle): string[] {
  const { fraction, records, totalRecords, rejected, paused } = progress;
  const { paint } = style;
  const parts: string[] = [];
  if (layout.name) parts.push(nameOf(progress, style));
  if (fraction !== null && layout.bar > 0) parts.push(bar(fraction, layout.bar, style));
  if (fraction !== null) parts.push(formatPercent(fraction));
  const total = layout.total && totalRecords !== null ? ` / ${estimated(progress, totalRecords)}` : "";
  parts.push(`${formatCount(records)}${total}${layout.pace ? " records" : ""}`);
  if (layout.bytes) parts.push(formatSize(progress.bytes));
  if (layout.pace) parts.push(`${formatCount(progress.recordsPerSecond)}/s`);
  if (layout.pace && progress.lag !== null) parts.push(`lag ${formatCount(progress.lag)}`);
  if (layout.bytes && progress.behind !== null) parts.push(behindOf(progress.behind));
  if (layout.rejects && paused.length > 0) parts.push(paint("warning", `breaker open: ${paused.join(", ")}`));
  if (layout.rejects && rejected > 0) parts.push(paint("warning", `rejects ${formatCount(rejected)}`));
  if (layout.rest) parts.push(restOf(progress));
  return parts;
}

/**
 * The file being read; of several its number among them, and their numbers alone when they are read side by side. Of a live
 * source only how many splits this process has, since none of them ends.
 */
function nameOf({ active, splits, splitsEnded, endless }: Progress, { ascii }: LineStyle): string {
  if (endless) return splits === 0 ? "waiting for splits" : formatCounted(splits, "split");
  const [first] = active;
  const done = `${formatCount(splitsEnded)} of ${formatCount(splits)} done`;
  if (active.length > 1) return done;
  const name = first === undefined ? "" : shown(path.basename(first), ascii);
  if (splits <= 1) return name === "" ? "records" : name;
  if (name === "") return done;
  return `${name} (${formatCount(Math.min(splits, splitsEnded + 1))}/${formatCount(splits)})`;
}

/** A file may be called anything, also what moves a terminal's cursor. */
function shown(name: string, ascii: boolean): string {
  const text = printable(name);
  const spelled = ascii ? text.replaceAll(/[^\u0020-\u007E]/gu, "?") : text;
  return clip(spelled, LONGEST_NAME_COLUMNS, "...");
}

function bar(fraction: number, cells: number, { paint, ascii }: LineStyle): string {
  const full = Math.floor(fraction * cells + 1e-9);
  const [done, open] = ascii ? ["#", "-"] : ["█", "░"];
  return paint("accent", done.repeat(full)) + paint("quiet", open.repeat(cells - full));
}

function behindOf({ sink, records }: NonNullable<Progress["behind"]>): string {
  return `${sink} ${formatCount(records)}`;
}

function estimated({ fraction }: Progress, total: number): string {
  return fraction === 1 ? formatCount(total) : `~${formatCount(total)}`;
}

function restOf({ remainingMs, elapsedMs }: Progress): string {
  return remainingMs === null ? formatDuration(elapsedMs) : `ETA ${formatDuration(remainingMs)}`;
}
