/** A job in a few words, from its definition alone. */
import path from "node:path";
import type { Job, SinkOptions, SourceOptions } from "../config/job.ts";
import { formatOfPath } from "../connectors/file/options.ts";
import { formatCounted } from "../observability/figures.ts";

/**
 * What flows where.
 *
 * @example
 * describeFlow(job); // "file ../data/orders-*.csv -> orders.ts -> postgres orders (append)"
 */
export function describeFlow({ source, transform, sinks }: Job): string {
  const steps = transform === null ? [] : [path.basename(transform.module)];
  return [describeSource(source), ...steps, Object.values(sinks).map(describeSink).join(" + ")].join(" -> ");
}

/**
 * What becomes of the bytes.
 *
 * @example
 * describeFormats(job); // "csv, 5 typed columns -> copy text"
 */
export function describeFormats({ source, columns, sinks }: Job): string {
  const typed = Object.values(columns).filter(({ type }) => type !== "string").length;
  const decoded = typed === 0 ? "" : `, ${formatCounted(typed, "typed column")}`;
  return `${sourceFormat(source)}${decoded} -> ${Object.values(sinks).map(sinkFormat).join(" + ")}`;
}

function describeSource(source: SourceOptions): string {
  return source.type === "file" ? `file ${[source.path].flat().join(", ")}` : source.type;
}

function describeSink(sink: SinkOptions): string {
  switch (sink.type) {
    case "file":
      return `file ${sink.path} (${sink.mode})`;
    case "postgres":
      return `postgres ${sink.table} (${sink.mode})`;
    default:
      return sink.type;
  }
}

function sourceFormat(source: SourceOptions): string {
  if (source.type !== "file") return source.type;
  return source.format ?? formatOfPath([source.path].flat()[0] ?? "") ?? "text";
}

function sinkFormat(sink: SinkOptions): string {
  if (sink.type === "file") return sink.format ?? formatOfPath(sink.path) ?? "text";
  return sink.type === "postgres" ? "copy text" : sink.type;
}
