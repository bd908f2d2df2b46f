/** Says what was found in a file, what was written and what comes next. */
import path from "node:path";
import { printable } from "../../observability/display-width.ts";
import { formatCounted } from "../../observability/figures.ts";
import type { Paint } from "../../observability/palette.ts";
import { textTable } from "../text-table.ts";
import type { InferredField } from "./column-guess.ts";
import type { InferredProject } from "./from-file.ts";
import type { InferredSource } from "./infer.ts";

const INDENT = "  ";

/** How it is shown. */
export interface FoundView {
  readonly dir: string;
  readonly width: number;
  readonly paint: Paint;
}

/** Several lines, without a line end after the last. */
export function renderFound(project: InferredProject, { dir, width, paint }: FoundView): string {
  const { source, files } = project;
  const wide = Math.max(...files.map(({ name }) => path.join(dir, name).length));
  return [
    `${paint("strong", printable(path.basename(source.file)))}  ${sourceText(source)}`,
    "",
    textTable(
      ["field", "type", "for example"],
      source.fields.map((field) => fieldRow(field, source)),
      { indent: INDENT, width },
    ),
    ...notes(source).map((note) => `${INDENT}${paint("warning", "note")}  ${note}`),
    "",
    ...files.map(({ name, about }) => `${INDENT}${path.join(dir, name).padEnd(wide)}  ${paint("quiet", about)}`),
    "",
    ...nextSteps(project, dir),
  ].join("\n");
}

/** `csv, ";" between fields, windows-1252, 3,201 records looked at, all of them`. */
function sourceText({ format, compression, encoding, dialect, records, whole }: InferredSource): string {
  const { delimiter, quote, quotes, header, comment, ragged } = dialect;
  return [
    compression === "none" ? format : `${format} in ${compression}`,
    ...(delimiter === undefined ? [] : [`${JSON.stringify(delimiter)} between fields`]),
    ...(quote === undefined ? [] : [quote === null ? "nothing is quoted" : `${quote} around fields`]),
    ...(quotes === undefined ? [] : ["quotes are text"]),
    ...(comment === undefined ? [] : [`${comment} begins a comment`]),
    ...(header === false ? ["no header line"] : []),
    ...(ragged === undefined ? [] : ["short lines are padded"]),
    ...(encoding === "utf-8" ? [] : [encoding]),
    `${formatCounted(records, "record")} looked at${whole ? ", all of them" : ""}`,
  ].join(", ");
}

function fieldRow({ name, column, hasNulls }: InferredField, { examples }: InferredSource): string[] {
  const type = column === null ? "several types" : [column.type, ...(column.formats ?? [])].join(" ");
  const values = examples.map((record) => record[name]);
  const example = values.find((value) => value !== "" && value !== null && value !== undefined);
  const text = typeof example === "string" ? example : (JSON.stringify(example) ?? "");
  return [printable(name), hasNulls ? `${type}, or null` : type, printable(text)];
}

function notes({ fields, nulls }: InferredSource): string[] {
  const marks = nulls.length === 0 ? [] : [`${nulls.join(", ")} stands for null in every field`];
  return [...marks, ...fields.flatMap(({ name, note }) => (note === undefined ? [] : [`${printable(name)}: ${note}`]))];
}

function nextSteps({ names, target }: InferredProject, dir: string): string[] {
  const job = path.join(dir, `${names.job}.yaml`);
  const database =
    target.type === "postgres"
      ? [
          `export DATABASE_URL=${target.database ?? "postgres://host/database"}   (with user and password; the job has neither)`,
          `psql "$DATABASE_URL" -f ${path.join(dir, `${names.job}.sql`)}`,
        ]
      : [];
  const steps = [...database, `npx millrace run ${job} --dry-run --limit 20`, `npx millrace run ${job}`];
  return steps.map((step, index) => `${index === 0 ? "next: " : "      "}${step}`);
}
