/** A job in a few words, from its definition alone. */
import path from "node:path";
import { isLive, type Job, type SinkOptions, type SourceOptions } from "../config/job.ts";
import { formatOfPath } from "../connectors/file/options.ts";
import { displayWidth } from "../observability/display-width.ts";
import { formatCount, formatCounted } from "../observability/figures.ts";

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
 * What flows where, as a small picture: one line, or one a sink with the arrows below each other.
 *
 * @example
 * drawFlow(job);
 * // ["file ../data/orders-*.csv -> orders.ts -> warehouse  postgres orders (append)",
 * //  "                                       -> archive    file out/orders.jsonl (replace)"]
 */
export function drawFlow(job: Job): string[] {
  const sinks = Object.entries(job.sinks);
  if (sinks.length < 2) return [describeFlow(job)];
  const { source, transform } = job;
  const before = [describeSource(source), ...(transform === null ? [] : [path.basename(transform.module)])].join(
    " -> ",
  );
  const wide = Math.max(...sinks.map(([name]) => name.length));
  return sinks.map(([name, sink], index) => {
    const left = index === 0 ? before : " ".repeat(displayWidth(before));
    return `${left} -> ${name.padEnd(wide)}  ${describeSink(sink)}`;
  });
}

/** Where rejects go and how many there may be. */
export function describeRejects({ source, sinks, rejects, errors }: Job): string {
  const [only, ...others] = Object.values(sinks);
  const withData = only?.type === "postgres" && others.length === 0 ? `table ${only.stateSchema}.rejects` : null;
  const place = rejects === null ? (withData ?? "the state store") : describePlace(rejects);
  const { maxRejects, maxRejectRate } = errors;
  const limits = [
    ...(maxRejects === null ? [] : [formatCount(maxRejects)]),
    ...(maxRejectRate >= 1 ? [] : [`${Number((maxRejectRate * 100).toFixed(2))} %`]),
  ];
  const within = isLive(source) ? " in five minutes" : "";
  return limits.length === 0 ? place : `${place}; the run ends beyond ${limits.join(" or ")}${within}`;
}

/**
 * What becomes of the bytes.
 *
 * @example
 * describeFormats(job); // "csv, 5 typed columns -> copy"
 */
export function describeFormats({ source, columns, sinks }: Job): string {
  const typed = Object.values(columns).filter(({ type }) => type !== "string").length;
  const decoded = typed === 0 ? "" : `, ${formatCounted(typed, "typed column")}`;
  return `${sourceFormat(source)}${decoded} -> ${Object.values(sinks).map(sinkFormat).join(" + ")}`;
}

function describeSource(source: SourceOptions): string {
  if (source.type === "module") return source.module.name;
  if (source.type === "kafka") return `kafka ${source.topics.join(", ")} (group ${source.group})`;
  if (source.type === "http") return `http ${shownAddress(source.url)} (${describePages(source.pagination.type)})`;
  if (source.type === "webhook") return `webhook ${source.listen ?? ""}${source.path}`;
  return source.type === "file" ? `file ${[source.path].flat().join(", ")}` : source.type;
}

/** User, query and fragment may hold a secret; fields in the path of a sink's stay as they are written. */
function shownAddress(address: string): string {
  return address.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
}

function describePages(pagination: "none" | "page" | "offset" | "cursor" | "link"): string {
  return pagination === "none" ? "one reply" : `pages by ${pagination}`;
}

function describeSink(sink: SinkOptions): string {
  switch (sink.type) {
    case "file":
      return `file ${sink.path} (${sink.mode})`;
    case "postgres":
      return `postgres ${sink.table} (${sink.mode})`;
    case "kafka":
      return sink.key === undefined ? `kafka ${sink.topic}` : `kafka ${sink.topic} (key ${sink.key})`;
    case "http":
      return `http ${typeof sink.method === "string" ? sink.method : `{${sink.method.field}}`} ${shownAddress(sink.url)}`;
    case "module":
      return sink.module.name;
  }
}

function describePlace(sink: SinkOptions): string {
  if (sink.type === "kafka") return `kafka ${sink.topic}`;
  return sink.type === "file" ? `file ${sink.path}` : describeSink(sink);
}

function sourceFormat(source: SourceOptions): string {
  if (source.type === "module") return source.format ?? source.module.format ?? "text";
  if (source.type === "kafka" || source.type === "http" || source.type === "webhook") return source.format;
  if (source.type !== "file") return source.type;
  return source.format ?? formatOfPath([source.path].flat()[0] ?? "") ?? "text";
}

function sinkFormat(sink: SinkOptions): string {
  if (sink.type === "file") return sink.format ?? formatOfPath(sink.path) ?? "text";
  if (sink.type === "module") return sink.module.name;
  if (sink.type === "kafka") return sink.format;
  if (sink.type === "http") return sink.batch?.format ?? "json";
  if (sink.mode === "insert") return "insert";
  return sink.copy === "auto" ? "copy" : `copy ${sink.copy}`;
}
