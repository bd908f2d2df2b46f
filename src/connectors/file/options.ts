/** Options of the file source and sink; what belongs to a format (`csv`) is composed by the config. */
import { z } from "zod";
import { bytesOption, countOption, durationOption, textOption } from "../../core/option-shapes.ts";
import { COMPRESSIONS } from "../../core/ports/compression.ts";

/** Formats that files are read in. */
const SOURCE_FORMATS = ["csv", "jsonl", "json", "text"] as const;

/** Formats that files are written in. */
const SINK_FORMATS = ["csv", "jsonl"] as const;

/** The longest record unless the job says otherwise. */
const MAX_RECORD_BYTES = 1024 ** 2;

/** Keys of `source: {type: file}`. */
export const fileSourceShape = {
  /** Paths and globs, relative to the job's file. */
  path: z.union([textOption(), z.array(textOption()).min(1)]),
  /** By the extension when absent. */
  format: z.enum(SOURCE_FORMATS).optional(),
  /** By the extension or the first bytes when absent. */
  compression: z.enum(COMPRESSIONS).optional(),
  /** Reads only new files and appended bytes. */
  incremental: z.boolean().default(false),
  maxRecordBytes: bytesOption().default(MAX_RECORD_BYTES),
};

/** Keys of `sink: {type: file}`. */
export const fileSinkShape = {
  /** Relative to the job's file; may hold `{part}` and `{partition}`. */
  path: textOption(),
  /** By the extension when absent. */
  format: z.enum(SINK_FORMATS).optional(),
  /** By the extension when absent. */
  compression: z.enum(COMPRESSIONS).optional(),
  columns: z.array(textOption()).min(1).optional(),
  mode: z.enum(["replace", "append"]).default("replace"),
  rotate: z
    .strictObject({ bytes: bytesOption(), records: countOption(), interval: durationOption({ min: 1 }) })
    .partial()
    .optional(),
  partitionBy: z.array(textOption()).min(1).optional(),
};

/** What the file source is made of. */
export type FileSourceOptions = z.output<z.ZodObject<typeof fileSourceShape>>;

/** What the file sink is made of; `csv` is the format's own. */
export type FileSinkOptions = z.output<z.ZodObject<typeof fileSinkShape>> & {
  readonly csv?: Readonly<{ [name: string]: unknown }> | undefined;
};

/** Formats by extension. */
const BY_EXTENSION: Readonly<{ [extension: string]: (typeof SOURCE_FORMATS)[number] }> = {
  csv: "csv",
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "json",
  txt: "text",
  log: "text",
};

/**
 * The format that a path's extension names, whatever its compression; undefined when it names none.
 *
 * @example
 * formatOfPath("data/orders-*.csv.gz"); // "csv"
 */
export function formatOfPath(path: string): (typeof SOURCE_FORMATS)[number] | undefined {
  const plain = path.toLowerCase().replace(/\.(?:gz|zst)$/, "");
  return BY_EXTENSION[/\.(?<extension>[a-z]+)$/.exec(plain)?.groups?.["extension"] ?? ""];
}

/** The compression that a path's extension names. */
export function compressionOfPath(path: string): (typeof COMPRESSIONS)[number] {
  const extension = /\.(?<extension>gz|zst)$/i.exec(path)?.groups?.["extension"]?.toLowerCase();
  if (extension === undefined) return "none";
  return extension === "gz" ? "gzip" : "zstd";
}
