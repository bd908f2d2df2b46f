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

/** Bytes out for one byte in beyond which compressed data is a bomb: real data stays far below, whatever its codec. */
const MAX_RATIO = 500;

/** Keys of `source: {type: file}`. */
export const fileSourceShape = {
  path: z
    .union([textOption(), z.array(textOption()).min(1)])
    .describe("Paths, globs and folders (all files in them), relative to the job's file."),
  format: z
    .enum(SOURCE_FORMATS)
    .optional()
    .describe(
      "By the extension when absent. json is one array whose elements are the records; text gives a record { text } a line.",
    ),
  compression: z.enum(COMPRESSIONS).optional().describe("By the first bytes when absent."),
  inflate: z
    .strictObject({
      maxRatio: z
        .number()
        .min(1)
        .default(MAX_RATIO)
        .describe("Bytes out for one byte in beyond which it is taken for a bomb, once more than 64 MiB came out."),
      maxBytes: bytesOption().optional().describe("Bytes that may come out in all."),
    })
    .prefault({})
    .describe("How much may come out of a compressed file."),
  incremental: z.boolean().default(false).describe("Reads only new files and appended bytes."),
  maxRecordBytes: bytesOption()
    .default(MAX_RECORD_BYTES)
    .describe("The longest record; a longer one is a reject, in a JSON array it ends the run."),
};

/** Keys of `sink: {type: file}`. */
export const fileSinkShape = {
  path: textOption().describe("Relative to the job's file; may hold {part} and {partition}."),
  format: z.enum(SINK_FORMATS).optional().describe("By the extension when absent."),
  compression: z.enum(COMPRESSIONS).optional().describe("By the extension when absent."),
  columns: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Output columns in order; by the keys of the first records when absent."),
  mode: z
    .enum(["replace", "append"])
    .default("replace")
    .describe(
      "replace: parts become visible when the run succeeds, in place of the earlier ones; append: new parts are added.",
    ),
  rotate: z
    .strictObject({
      bytes: bytesOption().describe("Bytes of a part."),
      records: countOption().describe("Records of a part."),
      interval: durationOption({ min: 1 }).describe("Time after which a part ends."),
    })
    .partial()
    .optional()
    .describe("When a new part begins; needs {part} in the path."),
  partitionBy: z
    .array(textOption())
    .min(1)
    .optional()
    .describe("Fields whose values choose the part; needs {partition} in the path."),
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
