/** Runs one chunk through a thread's code, in this thread. */
import path from "node:path";
import type { DecodeSpec, EncodeSpec } from "../../src/core/ports/format.ts";
import type { Columns } from "../../src/core/record.ts";
import type { IndexSlice, Task, TaskReply, TaskSpec, TransformSpec } from "../../src/core/task.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { formatByName } from "../../src/formats/catalog.ts";
import type { Progress } from "../../src/task/progress.ts";
import { TaskThread } from "../../src/task/task-thread.ts";

export const TRANSFORMS = path.join(import.meta.dirname, "fixtures", "transforms.ts");

/** What a test says of a job. */
export interface RunnerOptions extends Partial<Omit<TransformSpec, "export">>, Pick<DecodeSpec, "select" | "rename"> {
  /** Export of the fixtures, or of `module`; absent: identity, unless there is a module. */
  readonly transform?: string;
  readonly clock?: Clock;
  readonly format?: "csv" | "jsonl" | "pg-copy";
  readonly formatOptions?: DecodeSpec["options"];
  readonly fields?: readonly string[];
  readonly columns?: Columns;
  readonly sinks?: readonly (Partial<EncodeSpec> & { readonly sink: string })[];
}

/** What came of a chunk, as people read it. */
export interface ChunkOutcome {
  readonly reply: TaskReply;
  /** Rows of each sink, with the record each came from. */
  readonly rows: { readonly [sink: string]: readonly (readonly [record: number, row: string])[] };
  /** Begin and end of each record. */
  readonly spans: readonly number[];
  /** Records in the order in which the thread began them. */
  readonly begun: readonly number[];
}

/** A thread of a job whose sink takes JSON lines unless said otherwise. */
export class TestThread {
  readonly #spec: TaskSpec;
  readonly #fields: readonly string[] | undefined;
  readonly #clock: Clock;
  #thread: Promise<TaskThread> | undefined;
  #now = 0;

  constructor({
    transform,
    format = "csv",
    formatOptions = {},
    select,
    rename,
    fields = ["id", "name"],
    columns = {},
    sinks = [{ sink: "sink" }],
    clock = systemClock,
    ...transformOptions
  }: RunnerOptions = {}) {
    this.#clock = clock;
    this.#fields = format === "csv" ? fields : undefined;
    this.#spec = {
      job: "orders",
      run: "run-1",
      decode: {
        format,
        options: formatOptions,
        columns,
        maxRecordBytes: 1000,
        ...(select && { select }),
        ...(rename && { rename }),
      },
      transform:
        transform === undefined && transformOptions.module === undefined
          ? null
          : {
              module: TRANSFORMS,
              export: transform ?? null,
              mode: null,
              concurrency: 4,
              timeoutMs: 1000,
              ...transformOptions,
            },
      sinks: sinks.map((sink) => ({
        format: "jsonl",
        options: {},
        columns: null,
        needsColumns: false,
        onUnknownField: "error",
        ...sink,
      })),
    };
  }

  async run(text: string | Uint8Array, change: Partial<Task> = {}): Promise<ChunkOutcome> {
    const tools = { format: formatByName, busyClock: () => this.#now++, clock: this.#clock };
    this.#thread ??= TaskThread.create(this.#spec, tools);
    const thread = await this.#thread;
    const begun: number[] = [];
    const progress: Progress = { at: (record) => void begun.push(record), beat: () => {} };
    const task = this.#task(text, change);
    const reply = await thread.run(task, progress);
    return { reply, begun, ...readReply(task, reply, this.#spec.sinks) };
  }

  /** Ends the thread as a pool that closes in order does. */
  async close(): Promise<void> {
    await (await this.#thread)?.close();
  }

  #task(text: string | Uint8Array, change: Partial<Task>): Task {
    const bytes = Buffer.from(text);
    const memory = new SharedArrayBuffer(bytes.length + 8);
    new Uint8Array(memory).set(bytes, 3);
    return {
      split: "a.csv",
      fields: this.#fields,
      memory,
      begin: 3,
      end: 3 + bytes.length,
      ends: undefined,
      from: "0",
      firstLine: 2,
      meta: undefined,
      final: true,
      truncated: false,
      out: this.#spec.sinks.map(() => new SharedArrayBuffer(4096)),
      index: new SharedArrayBuffer(4096),
      columns: {},
      poison: [],
      only: null,
      careful: false,
      ...change,
    };
  }
}

function readReply(task: Task, reply: TaskReply, sinks: readonly EncodeSpec[]): Pick<ChunkOutcome, "rows" | "spans"> {
  const index = new Int32Array(reply.index ?? task.index);
  const ints = ({ from, length }: IndexSlice): number[] => [...index.subarray(from, from + length)];
  const rows = reply.outputs.map((output, number) => {
    const bytes = Buffer.from(
      new Uint8Array(output.memory ?? (task.out[number] as SharedArrayBuffer), 0, output.bytes),
    );
    const ends = ints(output.rowEnds);
    const encoding = sinks[number]?.format === "pg-copy-binary" ? "latin1" : "utf8";
    const records = ints(output.recordOfRow);
    const texts = ends.map(
      (end, row) => [records[row] ?? -1, bytes.toString(encoding, row === 0 ? 0 : ends[row - 1], end)] as const,
    );
    return [output.sink, texts] as const;
  });
  return { rows: Object.fromEntries(rows), spans: ints(reply.spans) };
}
