/** What a test gives a job to read. */
import type { SourceDefinition } from "../core/ports/connector.ts";
import type { DecodeSpec } from "../core/ports/format.ts";
import { fieldByField, fieldOf, hasTextFields } from "../pipeline/field-by-field.ts";
import { MemorySource, type SplitContent, type SplitContents } from "./memory-source.ts";

/**
 * Records; or text or bytes in the job's own format; or several splits of these by their names. Records are read as if
 * their fields stood in the source: in a job that reads CSV an undeclared number is text.
 */
export type JobInput = SplitContent | SplitContents;

/** A source of the input, and how it is to be decoded. */
export interface ReadInput {
  readonly source: MemorySource;
  readonly decode: DecodeSpec;
}

const READ_BYTES = 256;

/** @param decode as the job decodes its own source */
export function inputOf(input: JobInput, decode: DecodeSpec, incremental: boolean): ReadInput {
  const splits = isContent(input) ? { input } : input;
  const isRecords = Object.values(splits).every((content) => Array.isArray(content));
  const spec = isRecords ? fieldByField(decode) : decode;
  const contents = Object.entries(splits).map(([name, content]) => {
    const records = Array.isArray(content) && spec.format === "csv";
    return [name, records ? csvOf(content, decode) : content] as const;
  });
  const format = spec.format as NonNullable<SourceDefinition["format"]>;
  const source = new MemorySource(Object.fromEntries(contents), { format, incremental, readBytes: READ_BYTES });
  // Records that are written as JSON are lines, whatever the source's own JSON is.
  const isArrayOfJson = isRecords && !hasTextFields(decode);
  return { source, decode: isArrayOfJson ? { ...spec, format: "jsonl" } : spec };
}

function isContent(input: JobInput): input is SplitContent {
  return typeof input === "string" || input instanceof Uint8Array || Array.isArray(input);
}

/** In the dialect of `fieldByField`. */
function csvOf(records: readonly unknown[], { columns, select }: DecodeSpec): string {
  const given = records.map((record) => new Map(Object.entries(record as object)));
  const names = [
    ...new Set([...given.flatMap((fields) => [...fields.keys()]), ...Object.keys(columns), ...(select ?? [])]),
  ];
  const rows = given.map((fields) => names.map((name) => fieldOf(textOf(fields.get(name)))));
  return [names.map(fieldOf), ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "string") return value;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
