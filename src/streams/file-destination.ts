/** Files as destinations: written by the file sink, so that a file is seen under its name only when it is complete. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { codecByName } from "../compression/catalog.ts";
import { fileSinkShape } from "../connectors/file/options.ts";
import { fileSink } from "../connectors/file/sink.ts";
import { systemClock } from "../core/clock.ts";
import type { Compression } from "../core/ports/compression.ts";
import type { BoundSink, RowsOrigin, SinkUnit, SinkWriter } from "../core/ports/sink.ts";
import type { EncodeSpec } from "../core/ports/format.ts";
import { formatByName } from "../formats/catalog.ts";
import type { Rows, RowTarget } from "./row-target.ts";
import { calledBy } from "./called-by.ts";
import type { Destination } from "./write-records.ts";

/** What is written into files. */
export interface FileSettings {
  /** The function that was called, for messages. */
  readonly caller: string;
  readonly format: "csv" | "jsonl";
  readonly csv?: Readonly<{ [option: string]: unknown }>;
  readonly columns: readonly string[] | undefined;
  readonly onUnknownField: "error" | "ignore" | undefined;
  readonly compression: Compression | undefined;
  readonly signal: AbortSignal | undefined;
}

const FILE_OPTIONS = z.object(fileSinkShape);
const SINK = "sink";

/** @throws MillraceError CONFIG_INVALID, SINK_REFUSED */
export async function fileDestination(to: string | URL, settings: FileSettings): Promise<Destination> {
  const { caller, format, csv, columns, onUnknownField = "error", compression, signal } = settings;
  const path = typeof to === "string" ? to : fileURLToPath(to);
  const options = { ...FILE_OPTIONS.parse({ path, format, columns, compression }), ...(csv && { csv }) };
  const about = { name: SINK, baseDir: process.cwd(), clock: systemClock, format: formatByName, codec: codecByName };
  const sink = await calledBy(caller, "sink", () => fileSink.resolve(options, { ...about, ...(signal && { signal }) }));
  return new FileDestination(sink, { ...sink.encode, onUnknownField }, signal);
}

class FileDestination implements Destination {
  readonly encode: EncodeSpec;
  readonly #sink: BoundSink;
  readonly #signal: AbortSignal | undefined;

  constructor(sink: BoundSink, encode: EncodeSpec, signal: AbortSignal | undefined) {
    this.#sink = sink;
    this.encode = encode;
    this.#signal = signal;
  }

  async open(columns: readonly string[] | null): Promise<RowTarget> {
    const signal = this.#signal ?? new AbortController().signal;
    const run = randomUUID();
    const writer = await this.#sink.open({ job: "stream", run, scope: run, sink: SINK, signal, resumed: false });
    try {
      // One unit for everything: a stream has no position to go on from.
      return new FileTarget(writer, await writer.begin("fast", columns));
    } catch (thrown) {
      await writer[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink[Symbol.asyncDispose]();
  }
}

/** Of rows that a program made nobody asks. */
const ORIGIN: RowsOrigin = { split: "", ordinal: 0n };

class FileTarget implements RowTarget {
  readonly keepsBytes = false;
  readonly #writer: SinkWriter;
  readonly #unit: SinkUnit;
  #committed = false;

  constructor(writer: SinkWriter, unit: SinkUnit) {
    this.#writer = writer;
    this.#unit = unit;
  }

  async write({ bytes, count, ends }: Rows): Promise<void> {
    const recordOfRow = Int32Array.from(ends, (_, row) => row);
    await this.#unit.write({ sink: SINK, bytes, rows: count, rowEnds: ends, recordOfRow, filtered: 0 }, ORIGIN);
  }

  async finish(): Promise<void> {
    await this.#unit.commit([], []);
    this.#committed = true;
    await this.#writer.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#committed) await this.#unit.rollback();
    await this.#writer[Symbol.asyncDispose]();
  }
}
