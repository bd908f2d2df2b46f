/** The texts of a job for a file that was looked at: the job, its transform, its table. */
import type { ColumnType } from "../../core/record.ts";
import { parseTableName, quoteIdentifier, quoteTable } from "../../postgres/identifiers.ts";
import type { InferredField, JsonType } from "./column-guess.ts";
import type { InferredSource } from "./infer.ts";
import type { ProjectNames } from "./project-name.ts";
import type { Target } from "./target.ts";

/** What the texts are made of. */
export interface ProjectPlan {
  readonly source: InferredSource;
  /** The data's path as the job spells it. */
  readonly dataPath: string;
  readonly names: ProjectNames;
  readonly target: Target;
}

/** The job as YAML. Every text in it is quoted as JSON, which YAML reads alike. */
export function jobText({ source, dataPath, names, target }: ProjectPlan): string {
  const typed = source.fields.filter(isDeclared);
  const columns = typed.length === 0 ? [] : ["columns:", ...typed.map(columnLine)];
  return [
    "# Written by millrace init from a look at the data; change whatever it got wrong.",
    `name: ${names.job}`,
    ...sourceLines(source, dataPath),
    ...columns,
    `transform: ./${names.job}.ts`,
    ...sinkLines(target, names),
    "",
  ].join("\n");
}

/** The transform as TypeScript. */
export function transformText({ source, names: { type, record } }: ProjectPlan): string {
  const fields = source.fields.map((field) => `  ${fieldName(field.name)}${typeText(field, source.format)};`);
  return `import type { Transform } from "millrace";

type ${type} = {
${fields.join("\n")}
};

// Called once a record, in threads: return a record, null to leave it out, or an array of several.
const transform: Transform<${type}> = (${record}) => ${record};

export default transform;
`;
}

/** The table for Postgres. */
export function tableText({ source, names, target }: ProjectPlan): string {
  const table = target.type === "postgres" ? target.table : names.table;
  const columns = source.fields.map((field) => `  ${quoteIdentifier(field.name)} ${sqlType(field)}`);
  return `create table if not exists ${quoteTable(parseTableName(table))} (\n${columns.join(",\n")}\n);\n`;
}

/** JSON has types of its own: only what a text stands for has to be declared, and what a number must not lose. */
function isDeclared({ column }: InferredField): boolean {
  return column !== null && column.type !== "string";
}

function columnLine({ name, column }: InferredField): string {
  const { type, formats } = column ?? { type: "string" as const };
  const key = /^[A-Za-z_]\w*$/.test(name) && !YAML_WORDS.test(name) ? name : JSON.stringify(name);
  return formats === undefined
    ? `  ${key}: ${type}`
    : `  ${key}: { type: ${type}, formats: ${JSON.stringify(formats)} }`;
}

/** Words that YAML takes for something else than text. */
const YAML_WORDS = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

function sourceLines(source: InferredSource, dataPath: string): string[] {
  const { format, namesFormat, dialect, encoding, nulls } = source;
  const csv = {
    ...dialect,
    ...(format === "csv" && encoding !== "utf-8" ? { encoding } : {}),
    ...(nulls.length === 0 ? {} : { nulls: ["", ...nulls] }),
  };
  const options = Object.entries(csv).map(([key, value]) => `${key}: ${flow(value)}`);
  return [
    "source:",
    "  type: file",
    `  path: ${JSON.stringify(dataPath)}`,
    ...(namesFormat ? [`  format: ${format}`] : []),
    ...(options.length === 0 ? [] : [`  csv: { ${options.join(", ")} }`]),
  ];
}

function sinkLines(target: Target, { job }: ProjectNames): string[] {
  if (target.type === "postgres") {
    return [`sink: { type: postgres, url: "\${DATABASE_URL}", table: ${JSON.stringify(target.table)} }`];
  }
  return [
    target.type === "http"
      ? `sink: { type: http, url: ${JSON.stringify(target.url)} } # a POST for each record; see docs/http.md`
      : `sink: { type: file, path: ${JSON.stringify(target.path)} }`,
    `rejects: { type: file, path: out/${job}.rejects.jsonl }`,
  ];
}

function flow(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : JSON.stringify(value);
}

function fieldName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

const TYPES = {
  string: "string",
  int: "number",
  bigint: "bigint",
  float: "number",
  decimal: "string",
  boolean: "boolean",
  date: "string",
  timestamp: "Date",
  uuid: "string",
  json: "unknown",
  bytes: "Uint8Array",
} as const satisfies Record<ColumnType, string>;

/** An empty field of a CSV text column is an empty text; a field of a JSON record may be missing. */
function typeText({ column, mixed = [], hasNulls }: InferredField, format: InferredSource["format"]): string {
  const type = column === null ? mixedType(mixed) : TYPES[column.type];
  if (type === "unknown" || !hasNulls) return `: ${type}`;
  if (format !== "csv") return `?: ${type} | null`;
  return type === "string" && column?.type === "string" ? ": string" : `: ${type} | null`;
}

function mixedType(types: readonly JsonType[]): string {
  return types.length === 0 || types.includes("unknown") ? "unknown" : types.join(" | ");
}

const LARGEST_INTEGER = 2 ** 31 - 1;
const LARGEST_BIGINT = 2 ** 63;

function sqlType({ column, mixed = [], largest }: InferredField): string {
  switch (column?.type) {
    case undefined:
      return mixed.length > 0 && !mixed.includes("unknown") ? "text" : "jsonb";
    case "json":
      return "jsonb";
    case "int":
      // Half of the range is left for what has not come yet.
      return largest > LARGEST_INTEGER / 2 ? "bigint" : "integer";
    case "bigint":
      return largest < LARGEST_BIGINT ? "bigint" : "numeric";
    case "float":
      return "double precision";
    case "decimal":
      return "numeric";
    case "boolean":
    case "date":
    case "uuid":
      return column.type;
    case "timestamp":
      return "timestamptz";
    case "bytes":
      return "bytea";
    case "string":
      return "text";
  }
}
