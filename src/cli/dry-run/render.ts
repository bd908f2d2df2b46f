/** Tells of a dry run: a table of each sink's first rows, and the first rejects with their reasons. */
import type { Reject } from "../../core/reject.ts";
import { clip, printable } from "../../observability/display-width.ts";
import { formatCounted } from "../../observability/figures.ts";
import type { Paint } from "../../observability/palette.ts";
import { redact } from "../../core/redact.ts";
import { textTable } from "../text-table.ts";
import type { DryRunRecord, DrySink } from "./dry-run-record.ts";
import type { Cells } from "./encoded-rows.ts";

const INDENT = "  ";

/** Where it is shown. */
export interface DryRunView {
  readonly width: number;
  readonly paint: Paint;
  /** Names of the job's sinks in their order. */
  readonly sinks: readonly string[];
}

/** Several lines, without a line end after the last. */
export function renderDryRun(record: DryRunRecord, view: DryRunView): string {
  const sinks = view.sinks.map((name) => sinkPart(name, record.sinks.get(name), view));
  const rejects = record.rejected === 0 ? [] : [rejectPart(record, view)];
  return [...sinks, ...rejects].join("\n\n");
}

/** The same for programs. */
export function dryRunToJson(record: DryRunRecord): object {
  const sinks = Array.from(record.sinks, ([name, { label, rows, first }]) => {
    return [name, { label, rows, first: first.map((cells) => Object.fromEntries(cells)) }] as const;
  });
  return {
    sinks: Object.fromEntries(sinks),
    rejects: { count: record.rejected, first: record.firstRejects.map(toJson) },
  };
}

function sinkPart(name: string, sink: DrySink | undefined, { width, paint, sinks }: DryRunView): string {
  const title = sinks.length > 1 ? `${name}: ` : "";
  if (sink === undefined || sink.rows === 0) return `${INDENT}${title}no row would be written`;
  const { label, rows, first } = sink;
  const only = rows > first.length ? `, the first ${first.length}` : "";
  const head = `${INDENT}${title}${formatCounted(rows, "row")} for ${redact(label)}${only}`;
  const columns = [...new Set(first.flatMap((cells) => [...cells.keys()]))];
  const cells = first.map((row) => columns.map((column) => cellText(row, column)));
  return `${paint("strong", head)}\n${textTable(columns.map(printable), cells, { indent: INDENT + INDENT, width })}`;
}

function cellText(row: Cells, column: string): string {
  return printable((row.get(column) ?? "").replaceAll("\n", "\\n"));
}

function rejectPart({ rejected, firstRejects }: DryRunRecord, { width, paint }: DryRunView): string {
  const only = rejected > firstRejects.length ? `, the first ${firstRejects.length}` : "";
  const head = paint("warning", `${INDENT}${formatCounted(rejected, "reject")}${only}`);
  const room = width - 2 * INDENT.length;
  const lines = firstRejects.flatMap((reject) => [
    INDENT + INDENT + clip(`${placeOf(reject)}  ${reject.stage}  ${reasonOf(reject)}`, room, "..."),
    INDENT + INDENT + paint("quiet", INDENT + clip(rawOf(reject), room - INDENT.length, "...")),
  ]);
  return [head, ...lines].join("\n");
}

function placeOf({ split, line, position }: Reject): string {
  const file = printable(split.slice(split.lastIndexOf("/") + 1));
  return line === undefined ? `${file} at ${position.token}` : `${file}:${line}`;
}

/** A transform's own reason says all. */
function reasonOf({ code, message, sink }: Reject): string {
  const text = printable(redact(message));
  const reason = code === "TRANSFORM_REJECTED" ? text : `${code}: ${text}`;
  return sink === undefined ? reason : `${sink}: ${reason}`;
}

function rawOf({ raw }: Reject): string {
  return printable(raw.trimEnd().replaceAll("\n", "\\n"));
}

function toJson({ split, line, position, stage, sink, code, message, raw, rawEncoding }: Reject): object {
  return {
    split,
    line,
    position: { ordinal: Number(position.ordinal), token: position.token },
    stage,
    sink,
    code,
    message,
    raw,
    rawEncoding,
  };
}
