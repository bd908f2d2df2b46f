/** Rejects for people: how many there are and why, some of them in a table, one of them whole. */
import { decodeRaw } from "../../core/reject.ts";
import { printable } from "../../observability/display-width.ts";
import { formatCount, formatCounted } from "../../observability/figures.ts";
import type { Paint } from "../../observability/palette.ts";
import type { NamedReject, RejectOverview } from "../../pipeline/rejects/job-rejects.ts";
import { textTable } from "../text-table.ts";

/** How and of what it is drawn. */
export interface RejectView {
  readonly job: string;
  /** The job as the command line names it. */
  readonly file: string;
  /** Where the rejects are. */
  readonly place: string;
  readonly width: number;
  readonly paint: Paint;
}

const INDENT = "  ";
/** Text of a record that one line shows at most. */
const EXCERPT = 400;

/** The overview, and the first of the rejects. */
export function renderList(overview: RejectOverview, shown: readonly NamedReject[], view: RejectView): string {
  const { job, place, paint } = view;
  const { count, elsewhere } = overview;
  const head = `${paint("strong", job)}   ${formatCounted(count, "reject")}${ofRun(overview)}   ${paint("quiet", place)}`;
  if (count === 0) return [head, ...(elsewhere > 0 ? [otherRuns(elsewhere, view)] : [])].join("\n");
  const left = count - shown.length;
  return [
    head,
    "",
    ...causeLines(overview, view),
    "",
    ...rejectLines(shown, view),
    ...(left > 0
      ? [`${INDENT}and ${formatCount(left)} more: --limit ${count}, or millrace rejects export ${view.file}`]
      : []),
    "",
    nextLine(
      `millrace rejects show ${view.file} ${shown[0]?.ref ?? ""} · after a fix: millrace rejects replay ${view.file}`,
      view,
    ),
  ].join("\n");
}

/** One reject with all that is known of it, and what to do about it. */
export function renderReject(reject: NamedReject, view: RejectView): string {
  const { ref, stage, code, sink, output, message, run, at, attempts, takenBy } = reject;
  const { paint } = view;
  const line = (label: string, text: string): string => `${INDENT}${paint("quiet", label.padEnd(8))} ${text}`;
  const tried = attempts === 1 ? "once" : `${attempts} times`;
  return [
    `${paint("strong", placeOf(reject))}   ${paint("quiet", `reject ${ref}`)}`,
    line(
      "stage",
      sink === undefined ? stage : `${stage}, by sink ${sink}${output === undefined ? "" : ` (output ${output})`}`,
    ),
    line("code", code),
    line("message", printable(message)),
    line("run", `${run}, refused ${tried}, the last time ${at}`),
    ...(takenBy === undefined ? [] : [line("replay", `taken by the unfinished replay ${takenBy}`)]),
    ...recordLines(reject).map((text, index) => line(index === 0 ? "record" : "", text)),
    "",
    nextLine(adviceFor(reject, view.file), view),
  ].join("\n");
}

function ofRun({ newest }: RejectOverview): string {
  return newest === null
    ? ""
    : ` of run ${newest.id} (${newest.startedAt.slice(0, 16).replace("T", " ")}, ${newest.state})`;
}

function otherRuns(count: number, { file }: RejectView): string {
  return `${INDENT}earlier runs left ${formatCount(count)}: millrace rejects list ${file} --run all`;
}

function causeLines({ causes }: RejectOverview, { width }: RejectView): string[] {
  const sinks = causes.some(({ sink }) => sink !== undefined);
  const headings = ["count", "stage", "code", ...(sinks ? ["sink"] : []), "such as"];
  const rows = causes.map(({ count, stage, code, sink = "", message }) => [
    formatCount(count),
    stage,
    code,
    ...(sinks ? [sink] : []),
    printable(message),
  ]);
  return textTable(headings, rows, { indent: INDENT, width }).split("\n");
}

function rejectLines(shown: readonly NamedReject[], { width }: RejectView): string[] {
  const rows = shown.map((reject) => [
    reject.ref,
    whereOf(reject),
    reject.code,
    printable(reject.message),
    rawText(reject),
  ]);
  return textTable(["id", "where", "code", "message", "record"], rows, { indent: INDENT, width }).split("\n");
}

function whereOf({ split, line, position }: NamedReject): string {
  return line === undefined ? `${split} #${position.ordinal}` : `${split}:${line}`;
}

function placeOf({ split, line, position }: NamedReject): string {
  const at = `record ${formatCount(Number(position.ordinal))}, at ${position.token}`;
  return line === undefined ? `${split}, ${at}` : `${split}:${line}, ${at}`;
}

/** The record as it stood. */
function recordLines(reject: NamedReject): string[] {
  const raw = decodeRaw(reject);
  if (reject.rawEncoding === "base64" && !isMostlyText(raw)) return [rawText(reject)];
  return raw.toString("utf8").split("\n").map(printable);
}

/** The record on one line; bytes that are no text are shown as such. */
function rawText(reject: NamedReject): string {
  const raw = decodeRaw(reject);
  if (reject.rawEncoding === "base64" && !isMostlyText(raw)) {
    return `${formatCounted(raw.byteLength, "byte")}: ${raw.toString("hex", 0, EXCERPT / 8)}`;
  }
  const text = raw.toString("utf8");
  const excerpt = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}...` : text;
  return printable(excerpt.replaceAll("\r", "\\r").replaceAll("\n", "\\n"));
}

function isMostlyText(raw: Buffer): boolean {
  const strange = raw.filter((byte) => byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d).byteLength;
  return strange * 10 < raw.byteLength;
}

function adviceFor({ stage, code, sink }: NamedReject, file: string): string {
  const replay = `then millrace rejects replay ${file} --code ${code}`;
  switch (stage) {
    case "decode":
      return `declare the column or the dialect as the data has it, ${replay}; or correct the record: millrace rejects export ${file} --format raw`;
    case "validate":
      return `correct the schema or validate(), ${replay}`;
    case "transform":
    case "aggregate":
      return `correct the transform, ${replay}`;
    case "write":
      return `make room for it in ${sink ?? "the sink"}, or change what the transform gives, ${replay}`;
  }
}

function nextLine(text: string, { paint }: RejectView): string {
  return `${paint("strong", "next:")} ${text}`;
}
