/**
 * The file sink: writes parts under hidden names and gives them their own when the whole run has succeeded, so that
 * nobody ever reads half a result.
 *
 * Until runs can go on inside a file, an interrupted run discards what it wrote and starts again.
 */
import { MillraceError } from "../../core/errors.ts";
import type { EncodeSpec } from "../../core/ports/format.ts";
import type { BoundSink, SinkConnector, SinkContext, SinkSession, SinkWriter } from "../../core/ports/sink.ts";
import { FileWriter } from "./file-writer.ts";
import { type FileSinkOptions, compressionOfPath, formatOfPath } from "./options.ts";
import { FileTarget } from "./target.ts";

/** Writes files. Compression, partitions, rotation by time and `mode: append` are refused until they are built. */
export const fileSink: SinkConnector<FileSinkOptions> = { resolve };

async function resolve(options: FileSinkOptions, context: SinkContext): Promise<BoundSink> {
  assertBuilt(options);
  const format = options.format ?? formatOfPath(options.path);
  if (format !== "csv" && format !== "jsonl") {
    throw new MillraceError(
      "CONFIG_INVALID",
      `sink.format: ${options.path} does not tell the format by its extension (.csv, .jsonl, .ndjson); set format: csv or jsonl`,
    );
  }
  const target = await FileTarget.at(options.path, context.baseDir, "sink.path");
  return new BoundFileSink(options, encodeSpec(options, format, context.name), target, context);
}

function encodeSpec({ columns, csv }: FileSinkOptions, format: "csv" | "jsonl", sink: string): EncodeSpec {
  return {
    sink,
    format,
    options: format === "csv" ? { ...csv } : {},
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: format === "csv",
    onUnknownField: "error",
  };
}

function assertBuilt({ path, compression, mode, rotate, partitionBy }: FileSinkOptions): void {
  const refuse = (what: string): never => {
    throw new MillraceError("NOT_BUILT", `${what} is not built yet; leave it out`);
  };
  const compressed = compression ?? compressionOfPath(path);
  if (compressed !== "none") refuse(`sink.compression: ${compressed} (${path})`);
  if (mode === "append") refuse("sink.mode: append for files");
  if (rotate?.interval !== undefined) refuse("sink.rotate.interval");
  if (partitionBy !== undefined || path.includes("{partition}")) refuse("sink.partitionBy");
  if (rotate !== undefined && !path.includes("{part}")) {
    throw new MillraceError("CONFIG_INVALID", `sink.rotate: parts need {part} in sink.path (${path})`);
  }
}

class BoundFileSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions = "state";
  readonly resume = "restart";
  readonly appends = false;
  readonly #options: FileSinkOptions;
  readonly #target: FileTarget;
  readonly #context: SinkContext;

  constructor(options: FileSinkOptions, encode: EncodeSpec, target: FileTarget, context: SinkContext) {
    this.label = `file ${options.path}`;
    this.encode = encode;
    this.#options = options;
    this.#target = target;
    this.#context = context;
  }

  async open({ run }: SinkSession): Promise<SinkWriter> {
    const { bytes = Number.POSITIVE_INFINITY, records = Number.POSITIVE_INFINITY } = this.#options.rotate ?? {};
    const head = (columns: readonly string[] | null): Uint8Array => this.#head(columns);
    return FileWriter.create({ target: this.#target, run, head, limits: { bytes, records } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held between resolving and opening.
  }

  /** What every part begins with: a CSV header. Without a record and without `columns` nobody knows the columns. */
  #head(columns: readonly string[] | null): Uint8Array {
    const known = columns ?? this.#options.columns;
    if (!this.encode.needsColumns || known === undefined) return new Uint8Array();
    const { format } = this.#context;
    if (format === undefined) throw new MillraceError("INVARIANT", "a sink of files needs the formats in its context");
    return format(this.encode.format).encoder({ ...this.encode, columns: known.map((name) => ({ name })) }).head;
  }
}
