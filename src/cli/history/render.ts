/** Runs that were, for people. */
import { formatDuration } from "../../core/quantity.ts";
import { formatCount } from "../../observability/figures.ts";
import type { Paint } from "../../observability/palette.ts";
import { redact } from "../../core/redact.ts";
import { sinkTable } from "../../observability/sink-table.ts";
import { renderSummary } from "../../observability/summary.ts";
import type { PastRun } from "../../pipeline/run-history.ts";
import { textTable } from "../text-table.ts";

/** How wide, and in which colours. */
export interface HistoryView {
  readonly width: number;
  readonly color: boolean;
  readonly paint: Paint;
}

const HEADINGS = ["run", "job", "state", "started", "took", "read", "written", "rejected", "error"];

/** A line a run, newest first. */
export function renderRuns(runs: readonly PastRun[], { width }: HistoryView): string {
  return textTable(HEADINGS, runs.map(cellsOf), { width });
}

function cellsOf({ row, state, summary, sinks }: PastRun): string[] {
  const [least] = Object.values(sinks).toSorted((a, b) => a.written - b.written);
  const figures = least === undefined ? ["", "", ""] : [least.read, least.written, least.rejected].map(formatCount);
  const took = summary === null ? "" : formatDuration(summary.durationMs);
  return [row.id, row.job, state, shortTime(row.startedAt), took, ...figures, summary?.error?.code ?? ""];
}

/** Everything that is known of a run. */
export function renderRun({ row, state, summary, sinks }: PastRun, { width, color, paint }: HistoryView): string {
  const values = paramsOf(row.params);
  const about = [
    `${paint("strong", row.job)}  run ${row.id}`,
    `  ${row.trigger}${row.slot === null ? "" : `, slot ${row.slot}`}${values === "" ? "" : `, ${values}`}`,
    `  started ${shortTime(row.startedAt)}${row.endedAt === null || state === "running" ? "" : `, ended ${shortTime(row.endedAt)}`}`,
  ];
  if (summary !== null) return [...about, renderSummary(summary, { color, width })].join("\n");
  const stands =
    state === "running" ? "it is under way" : "its process ended without a word; the next run goes on with it";
  const table = Object.keys(sinks).length === 0 ? [] : sinkTable(sinks).map((line) => `    ${line}`);
  return [...about, `  ${paint("warning", state)}: ${stands}`, ...table].join("\n");
}

/** `region=eu`; values are the user's own words and may hold a secret all the same. */
function paramsOf(params: string): string {
  const pairs = JSON.parse(params) as readonly (readonly [name: string, value: string])[];
  return pairs.map(([name, value]) => `${name}=${redact(value)}`).join(", ");
}

/** To the second. */
export function shortTime(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19)}Z`;
}
