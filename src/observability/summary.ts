/** What a run came to, in the few lines that people read. */
import { ERROR_CODES } from "../core/errors.ts";
import type { Counts } from "../core/ledger.ts";
import { formatDuration } from "../core/quantity.ts";
import type { RejectGroup, RunSummary } from "../core/summary.ts";
import { formatCount, formatCounted, formatPercent, formatSize } from "./figures.ts";
import { type Paint, painter } from "./palette.ts";
import { redact } from "../core/redact.ts";
import { sinkTable } from "./sink-table.ts";
import { wrap } from "./wrap.ts";

/** How a summary is written. */
export interface SummaryOptions {
  /** Whether escape sequences for colours may be used. */
  readonly color: boolean;
  /** Columns that a line may take. */
  readonly width: number;
  /** The run before of the same job, to be compared with. */
  readonly previous?: RunSummary;
  /** Where the rejects can be looked at: a command, a table, a file. */
  readonly rejectsAt?: string;
  /** Whether the next run goes on where this one ended; default true. False where it has to start over. */
  readonly resumes?: boolean;
  /** Nothing but a stop was to end it; default false. */
  readonly endless?: boolean;
  /** Nothing was written: it was only to be seen what would be; default false. */
  readonly dryRun?: boolean;
}

const INDENT = "  ";
const MOST_GROUPS = 5;

/**
 * The summary, several lines without a line end after the last; it says what became of every record, what it cost, what
 * limited it, and what to do next.
 *
 * @example
 * process.stdout.write(`${renderSummary(summary, { color: false, width: 100 })}\n`);
 */
export function renderSummary(summary: RunSummary, options: SummaryOptions): string {
  const paint = painter(options.color);
  return [
    `${options.dryRun === true ? "dry run " : ""}${outcomeOf(summary, options, paint)}   ${equation(summary)}   ${balance(summary.balanced, paint)}`,
    ...sinkLines(summary),
    cost(summary),
    ...limitOf(summary, options, paint),
    ...comparison(summary, options.previous),
    ...retryLines(summary, options),
    ...breakerLines(summary, options),
    ...rejectLines(summary, options, paint),
    ...nextSteps(summary, options, paint),
  ]
    .map((line) => INDENT + line)
    .join("\n");
}

function outcomeOf(
  { state, durationMs, resumed }: RunSummary,
  { endless = false }: SummaryOptions,
  paint: Paint,
): string {
  const time = formatDuration(durationMs);
  const again = resumed ? " (resumed)" : "";
  switch (state) {
    case "succeeded":
      return paint("good", `done in ${time}`) + again;
    case "failed":
      return paint("bad", `failed after ${time}`) + again;
    case "rejected":
      return paint("bad", `stopped after ${time}: too many rejects`) + again;
    case "interrupted":
      return (endless ? paint("good", `stopped after ${time}`) : paint("warning", `interrupted after ${time}`)) + again;
  }
}

/** The ledger; outputs are named where they are not one a record. */
function equation(counts: Omit<Counts, "bytes">): string {
  const { read, written, filtered, rejected, folded, emitted } = counts;
  const rows = emitted === written ? "" : ` (${formatCounted(emitted, "row")})`;
  const terms = [`${formatCount(written)} written${rows}`, `${formatCount(filtered)} filtered`];
  terms.push(`${formatCount(rejected)} rejected`);
  if (folded > 0) terms.push(`${formatCount(folded)} folded`);
  return `${formatCount(read)} read = ${terms.join(" + ")}`;
}

function balance(balanced: boolean, paint: Paint): string {
  return balanced ? "balanced" : paint("bad", "NOT BALANCED");
}

/** One sink needs no line of its own: the first line is about it. */
function sinkLines({ sinks }: RunSummary): string[] {
  return Object.keys(sinks).length < 2 ? [] : sinkTable(sinks).map((line) => INDENT + line);
}

function cost({ recordsPerSecond, bytesRead, durationMs, lag, peakRssBytes, eventLoopP99Ms }: RunSummary): string {
  const bytesPerSecond = durationMs > 0 ? (bytesRead * 1_000) / durationMs : 0;
  const lateness = eventLoopP99Ms < 1 ? "under 1 ms" : formatDuration(eventLoopP99Ms);
  const behind = lag === null ? "" : `, lag ${formatCounted(lag, "record")}`;
  return `${formatCount(recordsPerSecond)} records/s, ${formatSize(bytesPerSecond)}/s${behind}, peak memory ${formatSize(peakRssBytes)}, event loop p99 ${lateness}`;
}

function limitOf({ bottleneck }: RunSummary, { width }: SummaryOptions, paint: Paint): string[] {
  if (bottleneck === null) return [];
  const { stage, kind, busy, advice } = bottleneck;
  const text = `bottleneck: ${stage} (${kind}, ${formatPercent(busy)} busy): ${advice}`;
  const wrapped = wrap(text, width - INDENT.length, INDENT + INDENT);
  return [wrapped.replace("bottleneck:", paint("strong", "bottleneck:"))];
}

function comparison(summary: RunSummary, previous: RunSummary | undefined): string[] {
  if (previous === undefined || summary.state !== "succeeded" || previous.state !== "succeeded") return [];
  if (summary.recordsPerSecond === 0 || previous.recordsPerSecond === 0) return [];
  const change = summary.recordsPerSecond / previous.recordsPerSecond - 1;
  const percent = Math.round(Math.abs(change) * 100);
  const pace = percent === 0 ? "as fast" : `${percent} % ${change > 0 ? "faster" : "slower"} now`;
  return [
    `run before: ${formatDuration(previous.durationMs)}, ${formatCount(previous.recordsPerSecond)} records/s, ${pace}`,
  ];
}

/** Only where something was tried again; the log has each of them. */
function retryLines({ retries, retryReasons }: RunSummary, { width }: SummaryOptions): string[] {
  if (retries === 0) return [];
  const shown = retryReasons.slice(0, MOST_GROUPS).map(({ stage, sink, reason, count }) => {
    return `${sink === undefined ? stage : `sink ${sink}`} ${reason} ${formatCount(count)}`;
  });
  const [first] = retryReasons;
  const example = first === undefined ? "" : `, such as "${shorten(redact(first.example), Math.floor(width / 2))}"`;
  return [`retried ${formatCounted(retries, "time")}: ${shown.join(", ")}${example}`];
}

/** What a server's failures cost a run in time; reasons come from it, so they are kept short. */
function breakerLines({ breakers = [] }: RunSummary, { width }: SummaryOptions): string[] {
  return breakers.map(({ sink, opened, openMs, reason }) => {
    const why = reason === null ? "" : `: "${shorten(redact(reason), Math.floor(width / 2))}"`;
    return `breaker of sink ${sink} opened ${formatCounted(opened, "time")}, for ${formatDuration(openMs)}${why}`;
  });
}

function rejectLines(summary: RunSummary, { width, rejectsAt }: SummaryOptions, paint: Paint): string[] {
  const { rejects } = summary;
  const rejected = rejectedAnywhere(summary);
  if (rejected === 0) return [];
  const head = `${paint("warning", "rejects:")} ${formatCount(rejected)}`;
  const place = rejectsAt === undefined ? "" : `      -> ${rejectsAt}`;
  const earlier = rejected - rejects.reduce((sum, { count }) => sum + count, 0);
  const [only] = rejects;
  if (rejects.length === 1 && only !== undefined && earlier === 0)
    return [`${head}  ${groupOf(only, width / 2)}${place}`];
  const shown = rejects.slice(0, MOST_GROUPS).map((group) => INDENT + groupOf(group, width - 40));
  const hidden = rejects.length - shown.length;
  const more = hidden > 0 ? [`${INDENT}and ${formatCounted(hidden, "more kind")}`] : [];
  const before = earlier > 0 ? [`${INDENT}${formatCount(earlier)} before the run was resumed`] : [];
  return [head + place, ...shown, ...more, ...before];
}

/** Of several sinks each may have refused others. */
function rejectedAnywhere({ rejected, rejects, sinks }: RunSummary): number {
  const all = Object.values(sinks);
  if (all.length < 2) return rejected;
  const told = rejects.reduce((sum, { count }) => sum + count, 0);
  return Math.max(told, ...all.map((counts) => counts.rejected));
}

/** A transform's own reason says all; a code needs an example beside it. */
function groupOf({ stage, code, count, example }: RejectGroup, room: number): string {
  const text = `"${shorten(redact(example), Math.max(20, Math.floor(room)))}"`;
  if (code === "TRANSFORM_REJECTED") return `${stage} ${text} ${formatCount(count)}`;
  return `${stage} ${code} ${formatCount(count)}, such as ${text}`;
}

function shorten(text: string, length: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= length ? line : `${line.slice(0, length - 3)}...`;
}

function nextSteps(summary: RunSummary, options: SummaryOptions, paint: Paint): string[] {
  const { state, error } = summary;
  if (options.dryRun === true && error === null) return ["nothing was written; without --dry-run it is"];
  if (state === "succeeded") return [];
  const lines: string[] = [];
  if (error !== null)
    lines.push(`${paint("bad", error.code)}: ${redact(error.message).replaceAll("\n", `\n${INDENT}`)}`);
  return [...lines, `next: ${adviceFor(summary, options)}`];
}

function adviceFor({ state, error, written }: RunSummary, { resumes = true, endless = false }: SummaryOptions): string {
  const again = endless
    ? "it goes on behind what is committed"
    : resumes
      ? `it resumes after ${formatCounted(written, "written record")}`
      : "it starts over, what is unfinished is discarded";
  if (state === "interrupted") return `run it again: ${again}`;
  if (state === "rejected")
    return `look at the rejects; correct the data, or raise errors.maxRejects or errors.maxRejectRate, then run it again; or go on with --accept-rejects: ${again}`;
  const usage = error !== null && ERROR_CODES[error.code] === "usage";
  return `${usage ? "change what the message names" : "repair what the message names"}, then run it again: ${again}`;
}
