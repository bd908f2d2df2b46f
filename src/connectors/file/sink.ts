/**
 * The file sink: writes parts under hidden names and gives them their own when the whole run has succeeded, or, with
 * `mode: append`, when each is complete, so that nobody ever reads half a file.
 */
import { MillraceError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import type { Codec } from "../../core/ports/compression.ts";
import type { EncodeSpec } from "../../core/ports/format.ts";
import type { BoundSink, SinkConnector, SinkContext, SinkSession, SinkWriter } from "../../core/ports/sink.ts";
import { toSinkError } from "./errors.ts";
import { FileWriter } from "./file-writer.ts";
import { type FileSinkOptions, compressionOfPath, formatOfPath } from "./options.ts";
import { FileTarget, removeIfPresent } from "./target.ts";

/** Writes files. */
export const fileSink: SinkConnector<FileSinkOptions> = { resolve };

async function resolve(options: FileSinkOptions, context: SinkContext): Promise<BoundSink> {
  assertTemplate(options);
  const format = options.format ?? formatOfPath(options.path);
  if (format !== "csv" && format !== "jsonl") {
    throw new MillraceError(
      "CONFIG_INVALID",
      `sink.format: ${options.path} does not tell the format by its extension (.csv, .jsonl, .ndjson); set format: csv or jsonl`,
    );
  }
  const target = await FileTarget.at(options.path, context.baseDir, "sink.path");
  return new BoundFileSink(options, encodeSpec(options, format, context.name, target), target, context);
}

function encodeSpec(
  { columns, csv, partitionBy }: FileSinkOptions,
  format: "csv" | "jsonl",
  sink: string,
  { partitionNames }: FileTarget,
): EncodeSpec {
  return {
    sink,
    format,
    options: format === "csv" ? { ...csv } : {},
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: format === "csv",
    onUnknownField: "error",
    ...(partitionBy && { partition: { fields: partitionBy, ...partitionNames } }),
  };
}

/** What of the other keys the placeholders of the path have to agree with. */
function assertTemplate({ path, mode, rotate, partitionBy }: FileSinkOptions): void {
  const refuse = (message: string): never => {
    throw new MillraceError("CONFIG_INVALID", message);
  };
  const parted = path.includes("{part}");
  const partitioned = path.includes("{partition}");
  if (rotate !== undefined && !parted) refuse(`sink.rotate: parts need {part} in sink.path (${path})`);
  if (mode === "append" && !parted) {
    refuse(`sink.mode: append adds a file at a time, which needs {part} in sink.path (${path})`);
  }
  if (partitionBy !== undefined && !partitioned) {
    refuse(`sink.partitionBy: partitions need {partition} in sink.path (${path})`);
  }
  if (partitionBy === undefined && partitioned) {
    refuse(`sink.path: {partition} needs sink.partitionBy, the fields that name it (${path})`);
  }
}

class BoundFileSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions = "state";
  readonly resume = "position";
  readonly appends: boolean;
  readonly #options: FileSinkOptions;
  readonly #target: FileTarget;
  readonly #context: SinkContext;

  constructor(options: FileSinkOptions, encode: EncodeSpec, target: FileTarget, context: SinkContext) {
    this.label = `file ${options.path}`;
    this.encode = encode;
    this.appends = options.mode === "append";
    this.#options = options;
    this.#target = target;
    this.#context = context;
  }

  open(session: SinkSession): Promise<SinkWriter> {
    const { mode, path, rotate = {} } = this.#options;
    const { bytes = Infinity, records = Infinity, interval: intervalMs = Infinity } = rotate;
    const limits = { bytes, records, intervalMs };
    const head = (columns: readonly string[] | null): Uint8Array => this.#head(columns);
    const clock: Clock = this.#context.clock;
    const { adds = false } = session;
    // To a result of many files another one is added; a result of one file is written anew with more in it.
    const how = { mode: adds && this.#target.parted ? ("append" as const) : mode, adds: adds && mode === "replace" };
    const writer = { target: this.#target, path, limits, codec: this.#codec(), head, clock, ...how };
    return FileWriter.create(writer, session);
  }

  /** What a run that is given up had not shown yet goes. */
  async abandon(_job: string, given: string): Promise<void> {
    try {
      for (const { file, run } of await this.#target.partials()) if (run === given) await removeIfPresent(file);
    } catch (thrown) {
      throw toSinkError(thrown, `clearing ${this.#target.folder} of run ${given}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held between resolving and opening.
  }

  #codec(): Codec | null {
    const compression = this.#options.compression ?? compressionOfPath(this.#options.path);
    if (compression === "none") return null;
    const { codec } = this.#context;
    if (codec === undefined) throw new MillraceError("INVARIANT", "a sink of files needs the codecs in its context");
    return codec(compression);
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
