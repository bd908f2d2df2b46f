/** What the tests of the file sink share: a state store, sessions of processes, and rows as threads hand them over. */
import { readdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect } from "vitest";
import { z } from "zod";
import { codecByName } from "../../../src/compression/catalog.ts";
import { type FileSinkOptions, fileSinkShape } from "../../../src/connectors/file/options.ts";
import { fileSink } from "../../../src/connectors/file/sink.ts";
import type { BoundSink, SinkMemory, SinkSession, SinkWriter } from "../../../src/core/ports/sink.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import type { SinkOutput } from "../../../src/core/result.ts";
import { sinkMemory } from "../../../src/pipeline/sink-memory.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { type Folder, sinkContext } from "./file-support.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const shape = z.strictObject(fileSinkShape);

/** The keys of a sink beside its path. */
export type SinkChange = Partial<z.input<typeof shape>>;

export function sinkOptions(spelled: string, change: SinkChange = {}): FileSinkOptions {
  return shape.parse({ path: spelled, ...change });
}

/** Rows as a thread hands them over, in shared memory. */
export function rows(...lines: string[]): SinkOutput {
  const text = Buffer.from(lines.join(""));
  const bytes = new Uint8Array(new SharedArrayBuffer(text.byteLength));
  bytes.set(text);
  let end = 0;
  const rowEnds = Int32Array.from(lines, (line) => (end += Buffer.byteLength(line)));
  const recordOfRow = Int32Array.from(lines.keys());
  return { sink: "sink", bytes, rows: lines.length, rowEnds, recordOfRow, filtered: 0 };
}

/** The same, each with the name of its partition. */
export function partitionedRows(lines: readonly (readonly [partition: string, line: string])[]): SinkOutput {
  const names = [...new Set(lines.map(([partition]) => partition))];
  const ofRow = Int32Array.from(lines, ([partition]) => names.indexOf(partition));
  return { ...rows(...lines.map(([, line]) => line)), partitions: { names, ofRow } };
}

export const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `row ${from + i}\n`);

/** Files of a folder and their texts, those of gzip decompressed; folders below as `a/b`. */
export function contents(folder: Folder, name = "."): { readonly [file: string]: string } {
  const files = readdirSync(folder.at(name), { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const entries = files.map((file) => {
    const whole = path.join(file.parentPath, file.name);
    return [path.relative(folder.at(name), whole), textOf(whole)] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function textOf(file: string): string {
  const bytes = readFileSync(file);
  return (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
}

/** The text of a compressed file of any number of members. */
export async function inflated(file: string): Promise<string> {
  const codec = codecByName(file.endsWith(".gz") ? "gzip" : "zstd");
  await using handle = await open(file);
  const read = async (into: Uint8Array): Promise<number> => (await handle.read(into, 0, into.byteLength)).bytesRead;
  await using stream = codec.inflate({ read }, file, { maxRatio: 100_000, maxBytes: 1e9 });
  const pieces: Buffer[] = [];
  const into = Buffer.alloc(64 * 1024);
  for (let got = await stream.read(into); got > 0; got = await stream.read(into))
    pieces.push(Buffer.from(into.subarray(0, got)));
  return Buffer.concat(pieces).toString();
}

/** A sink and the state store that outlives its processes. */
export class SinkWorld implements AsyncDisposable {
  readonly folder: Folder;
  readonly state: StateStore;
  readonly clock = new FakeClock(Date.UTC(2026, 0, 2));
  readonly #path: string;
  readonly #change: SinkChange;
  /** Whether the process that wrote before is known to have ended. */
  gone = true;
  #epochs = 0;
  readonly #processes: SinkProcess[] = [];

  constructor(folder: Folder, spelled: string, change: SinkChange = {}, state: StateStore = openMemoryStore()) {
    this.folder = folder;
    this.state = state;
    this.#path = spelled;
    this.#change = change;
  }

  resolve(): Promise<BoundSink> {
    const context = { ...sinkContext(this.folder.path), clock: this.clock, codec: codecByName };
    return fileSink.resolve(sinkOptions(this.#path, this.#change), context);
  }

  /** A process that claims the run's one split and opens the sink. */
  async open(run = "run-1"): Promise<SinkProcess> {
    const key = { job: "j", scope: run, sink: "sink" };
    const claimed = await this.state.claim(key, [{ split: "s", origin: { ordinal: 0n, token: "0" } }]);
    const { isOver, ...memory } = sinkMemory(this.state, key, claimed);
    const epoch = ++this.#epochs;
    const own: SinkMemory = {
      ...memory,
      writer: `process ${epoch}`,
      isGone: () => this.gone,
      isOver: async (id) => !id.startsWith("kept") && isOver(id),
    };
    const session = { ...key, run, signal: new AbortController().signal, resumed: epoch > 1, memory: own };
    const process = await SinkProcess.open(this, await this.resolve(), session);
    this.#processes.push(process);
    return process;
  }

  /** Closes what the processes have open; until then they may be as dead as a test wants. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process[Symbol.asyncDispose]();
  }
}

/** One process at work: commits its units as the run's writer does, and knows where the split stands. */
export class SinkProcess implements AsyncDisposable {
  readonly writer: SinkWriter;
  /** Rows that are durable. */
  at: number;
  readonly #world: SinkWorld;
  readonly #session: SinkSession;
  readonly #epoch: number;

  private constructor(world: SinkWorld, session: SinkSession, writer: SinkWriter, epoch: number, at: number) {
    this.writer = writer;
    this.at = at;
    this.#world = world;
    this.#session = session;
    this.#epoch = epoch;
  }

  static async open(world: SinkWorld, bound: BoundSink, session: SinkSession): Promise<SinkProcess> {
    const writer = await bound.open(session);
    const [row] = await world.state.progress(session);
    return new SinkProcess(world, session, writer, row?.epoch ?? 0, Number(row?.position.ordinal ?? 0n));
  }

  /** Writes and commits a unit of lines. */
  write(...lines: string[]): Promise<void> {
    return this.commit(rows(...lines));
  }

  /** Writes a unit of outputs and makes it and the position behind it durable. */
  async commit(...outputs: SinkOutput[]): Promise<void> {
    const unit = await this.writer.begin("fast", null);
    for (const output of outputs) expect(await unit.write(output, ROWS_ORIGIN)).toEqual({ rejects: [] });
    await unit.commit([], []);
    const to = this.at + outputs.reduce((sum, output) => sum + output.rows, 0);
    const counts = { read: to, written: to, filtered: 0, rejected: 0, folded: 0, emitted: to, bytes: 0 };
    const position = { ordinal: BigInt(to), token: String(to) };
    const advance = { split: "s", epoch: this.#epoch, from: BigInt(this.at), to: position, counts };
    await this.#world.state.commit(this.#session, [advance], [], unit.words);
    this.at = to;
    await this.writer.settle?.();
  }

  async finish(): Promise<void> {
    await this.writer.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
  }
}
