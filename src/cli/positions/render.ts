/** Saved positions, for people and for programs. */
import { formatCount, formatCounted } from "../../observability/figures.ts";
import type { PlacedPosition } from "../../pipeline/positions/kept-positions.ts";
import type { ForgettableScope } from "../../pipeline/positions/forget.ts";
import type { Rewound } from "../../pipeline/positions/rewind.ts";
import { shortTime } from "../history/render.ts";
import { textTable } from "../text-table.ts";

const HEADINGS = ["split", "ordinal", "token", "line", "epoch", "written", "filtered", "rejected", "folded", "updated"];

/** A table for each scope and sink, with where its positions live above it. */
export function renderPositions(positions: readonly PlacedPosition[], width: number): string {
  const tables = Map.groupBy(positions, ({ scope, sink, place }) => JSON.stringify([scope, sink, place]));
  return [...tables.values()].map((rows) => tableOf(rows, width)).join("\n\n");
}

function tableOf(rows: readonly PlacedPosition[], width: number): string {
  const [first] = rows;
  if (first === undefined) return "";
  const copy = first.copy ? " (a copy, may be older)" : "";
  const table = textTable(HEADINGS, rows.map(cellsOf), { indent: "  ", width });
  return `${scopeName(first.scope)}, sink ${first.sink}: ${first.place}${copy}\n${table}`;
}

/** How people know a scope. */
export function scopeName(scope: string): string {
  return scope === "" ? "all runs together" : `run ${scope}`;
}

function cellsOf({ split, position, epoch, counts, updatedAt }: PlacedPosition): string[] {
  const { ordinal, token, line } = position;
  const { written, filtered, rejected, folded } = counts;
  const figures = [written, filtered, rejected, folded].map(formatCount);
  const at = updatedAt === null ? "" : shortTime(updatedAt);
  return [
    split,
    formatOrdinal(ordinal),
    token,
    line === undefined ? "" : formatCount(line),
    String(epoch),
    ...figures,
    at,
  ];
}

function formatOrdinal(ordinal: bigint): string {
  return ordinal.toString().replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** One position as an object; ordinals are numbers as in CONTRACT. */
export function positionToJson({ scope, sink, split, position, epoch, counts, ...rest }: PlacedPosition): object {
  const { ordinal, token, line = null } = position;
  const { place, copy, updatedAt } = rest;
  return {
    scope,
    sink,
    split,
    position: { ordinal: Number(ordinal), token, line },
    epoch,
    counts,
    place,
    copy,
    updatedAt,
  };
}

/** What was set back, and what follows from it. */
export function renderRewound({ run, steps }: Rewound, file: string): string {
  if (steps.length === 0) return `${run.job}: every sink stands there or before it; nothing was changed`;
  const lines = steps.map(({ sink, split, from, to, again }) => {
    const line = to.line === undefined ? "" : `, line ${formatCount(to.line)}`;
    const twice = again === 0 ? "" : `; ${formatCounted(again, "written record")} will come again`;
    return `  ${sink}  ${split}: ordinal ${formatOrdinal(from)} -> ${formatOrdinal(to.ordinal)} (token ${to.token}${line})${twice}`;
  });
  return [`${run.job}  ${scopeName(run.scope)}`, ...lines, `next: millrace run ${file}`].join("\n");
}

/** What would be dropped. */
export function renderForgettable(job: string, scopes: readonly ForgettableScope[]): string {
  return scopes
    .map(({ scope, runs, sinks }) => {
      const own = runs.map(({ id, state }) => `${id} (${state === "running" ? "unfinished" : state})`).join(", ");
      const kept = Array.from(sinks, ([sink, { splits, counts }]) => {
        const written = formatCounted(counts.written, "written record");
        return `    sink ${sink}: ${formatCounted(splits, "position")}, ${written}, ${formatCounted(counts.rejected, "reject")}`;
      });
      return [
        `  ${job}, ${scopeName(scope)}${own === "" || (own.startsWith(scope) && scope !== "") ? "" : `: ${own}`}`,
        ...kept,
      ].join("\n");
    })
    .join("\n");
}
