/**
 * What a thread does with a chunk: decode, transform and encode, record by record, straight into the lent memory.
 *
 * A record's way: it is read; a fault, a poison mark or the transform's word may end it; else each sink encodes its
 * outputs. Whatever refuses a record, the record becomes one reject with its bytes and its neighbours are untouched.
 */
import { realpath } from "node:fs/promises";
import { encodeRaw, type ChunkReject, type RejectStage } from "../core/reject.ts";
import { MillraceError } from "../core/errors.ts";
import type { Decoder, Format, RecordBatch } from "../core/ports/format.ts";
import type { PoisonRecord, Task, TaskReply, TaskSpec } from "../core/task.ts";
import { fieldsBefore, type HeldOutcome, rebind, unionOfKeys } from "./column-finder.ts";
import { GrowingInts } from "./growing-ints.ts";
import { packIndex } from "./index-memory.ts";
import { type Outcome, rejected } from "./outcome.ts";
import { SinkRows } from "./sink-rows.ts";
import { RecordContext } from "./transform-context.ts";
import { identity, type Transformer, transformer } from "./transformer.ts";
import { loadTransform } from "./user-module.ts";

/** Told which record is being worked on; the flight recorder's side of a thread. */
export interface Progress {
  at(record: number): void;
}

/** How a thread finds its formats and reads its time. */
export interface RunnerTools {
  readonly format: (name: string) => Format;
  /** Milliseconds that only this thread's work moves. */
  readonly busyClock: () => number;
}

/** Works chunks off, one at a time; made once a thread. */
export class ChunkRunner {
  readonly #decoder: Decoder;
  readonly #transform: Transformer;
  readonly #context: RecordContext;
  readonly #sinks: readonly SinkRows[];
  readonly #busyClock: () => number;
  readonly #spans = new GrowingInts(2048);
  #rejects: ChunkReject[] = [];
  #filtered = 0;

  private constructor(spec: TaskSpec, tools: RunnerTools, transform: Transformer, context: RecordContext) {
    this.#decoder = tools.format(spec.decode.format).decoder(spec.decode);
    this.#sinks = spec.sinks.map((sink) => new SinkRows(sink, tools.format(sink.format)));
    this.#transform = transform;
    this.#context = context;
    this.#busyClock = tools.busyClock;
  }

  /** @throws MillraceError TRANSFORM_UNLOADABLE, NOT_BUILT */
  static async create(spec: TaskSpec, tools: RunnerTools): Promise<ChunkRunner> {
    const context = new RecordContext(spec.job, spec.run);
    if (spec.transform === null) return new ChunkRunner(spec, tools, identity, context);
    const user = await loadTransform(spec.transform);
    return new ChunkRunner(spec, tools, transformer(user, await realpath(spec.transform.module), context), context);
  }

  /** Works one chunk off. Throws only for mistakes of this program. */
  run(task: Task, progress: Progress): TaskReply {
    const begun = this.#busyClock();
    const batch = this.#begin(task);
    const poison = new Map(task.poison.map((entry) => [entry.record, entry]));
    if (task.only !== null) this.#probe(batch, task.only, progress);
    else if (this.#sinks.every((sink) => sink.ready)) this.#stream(batch, poison, progress);
    else this.#findColumns(batch, poison, progress);
    return this.#reply(task, batch, begun);
  }

  #begin(task: Task): RecordBatch {
    this.#rejects = [];
    this.#filtered = 0;
    this.#spans.clear();
    this.#sinks.forEach((sink, index) => {
      sink.begin(task.out[index] ?? new SharedArrayBuffer(0));
      // An own property only: a sink may be called `constructor`.
      const columns = Object.hasOwn(task.columns, sink.sink) ? task.columns[sink.sink] : undefined;
      if (columns !== undefined) sink.useColumns(columns);
    });
    const batch = this.#decoder.decode({
      bytes: new Uint8Array(task.memory, task.begin, task.end - task.begin),
      final: task.final,
      truncated: task.truncated,
      ...(task.ends === undefined ? {} : { ends: task.ends }),
      ...(task.fields === undefined ? {} : { fields: task.fields }),
    });
    this.#context.enter(task.split, batch, task.firstLine);
    return batch;
  }

  /** The ordinary way: each record is encoded as soon as it is transformed. */
  #stream(batch: RecordBatch, poison: ReadonlyMap<number, PoisonRecord>, progress: Progress): void {
    for (let record = 0; record < batch.count; record++) {
      progress.at(record);
      const outcome = this.#judge(batch, record, poison.get(record));
      if (outcome !== undefined) this.#settle(batch, record, outcome);
    }
  }

  /** The first chunk of a sink without declared columns: all outputs are looked at before any is encoded. */
  #findColumns(batch: RecordBatch, poison: ReadonlyMap<number, PoisonRecord>, progress: Progress): void {
    const held: (HeldOutcome | undefined)[] = [];
    for (let record = 0; record < batch.count; record++) {
      progress.at(record);
      held.push(this.#hold(batch, record, poison.get(record)));
    }
    const columns = unionOfKeys(held);
    if (columns.length > 0) for (const sink of this.#sinks) sink.useColumns(columns);
    held.forEach((entry, record) => {
      if (entry !== undefined) this.#settle(batch, record, rebind(entry, batch, record));
    });
    this.#rejects.sort((a, b) => a.record - b.record);
  }

  #hold(batch: RecordBatch, record: number, poison: PoisonRecord | undefined): HeldOutcome | undefined {
    let before: HeldOutcome["before"] = {};
    const outcome = this.#judge(batch, record, poison, (fields) => {
      before = fieldsBefore(fields);
    });
    return outcome === undefined ? undefined : { outcome, before };
  }

  /** Runs one record alone and forgets what comes of it: the question is whether the thread survives. */
  #probe(batch: RecordBatch, record: number, progress: Progress): void {
    if (record >= batch.count) return; // the death was not of a record's making
    progress.at(record);
    const outcome = this.#judge(batch, record, undefined);
    if (outcome !== undefined && this.#sinks.every((sink) => sink.ready)) this.#settle(batch, record, outcome);
  }

  /** What becomes of a record; undefined when it was rejected before the transform saw it. */
  #judge(
    batch: RecordBatch,
    record: number,
    poison: PoisonRecord | undefined,
    onRead?: (record: unknown) => void,
  ): Outcome | undefined {
    if (poison !== undefined) return rejected(poison.code, poison.message);
    const read = batch.read(record);
    if ("fault" in read) {
      this.#reject(batch, record, { stage: "decode", code: read.fault.code, message: read.fault.message });
      return undefined;
    }
    onRead?.(read.record);
    this.#context.at(record);
    return this.#transform(read.record);
  }

  #settle(batch: RecordBatch, record: number, outcome: Outcome): void {
    switch (outcome.kind) {
      case "filtered":
        this.#filtered++;
        return;
      case "rejected":
        this.#reject(batch, record, { stage: "transform", code: outcome.code, message: outcome.message });
        return;
      case "outputs":
        this.#write(batch, record, outcome.outputs);
    }
  }

  #write(batch: RecordBatch, record: number, outputs: readonly unknown[]): void {
    for (const sink of this.#sinks) {
      sink.mark();
      for (let output = 0; output < outputs.length; output++) {
        try {
          sink.write(outputs[output], batch.current, record);
        } catch (thrown) {
          const { code, message } = faultOf(thrown);
          sink.undo();
          const where = { sink: sink.sink, ...(outputs.length > 1 ? { output } : {}) };
          this.#reject(batch, record, { stage: "write", ...where, code, message });
          break;
        }
      }
    }
  }

  #reject(
    batch: RecordBatch,
    record: number,
    why: { stage: RejectStage; sink?: string; output?: number; code: string; message: string },
  ): void {
    const offset = batch.start(record);
    const raw = encodeRaw(batch.current.bytes.subarray(offset, batch.stop(record)));
    this.#rejects.push({ record, offset, line: batch.line(record), ...why, ...raw });
  }

  #reply(task: Task, batch: RecordBatch, begun: number): TaskReply {
    for (let record = 0; record < batch.count; record++) {
      this.#spans.push(batch.start(record));
      this.#spans.push(batch.stop(record));
    }
    const arrays = this.#sinks.flatMap((sink) => [sink.rowEnds.view(), sink.recordOfRow.view()]);
    const { memory, slices } = packIndex(task.index, [this.#spans.view(), ...arrays]);
    const [spans, ...rest] = slices;
    const empty = { from: 0, length: 0 };
    return {
      records: batch.count,
      end: batch.end,
      lines: batch.lines,
      filtered: this.#filtered,
      rejects: this.#rejects,
      index: memory,
      spans: spans ?? empty,
      outputs: this.#sinks.map((sink, index) => ({
        sink: sink.sink,
        ...sink.finish(),
        rows: sink.rowEnds.length,
        rowEnds: rest[2 * index] ?? empty,
        recordOfRow: rest[2 * index + 1] ?? empty,
      })),
      columns: Object.fromEntries(
        this.#sinks.flatMap((sink) => (sink.ready && sink.columns !== null ? [[sink.sink, sink.columns]] : [])),
      ),
      busyMs: this.#busyClock() - begun,
    };
  }
}

/** What an encoder has against an output; what is not ours was thrown by a getter or a `toJSON` of the user's. */
function faultOf(thrown: unknown): MillraceError {
  const error = MillraceError.from(thrown, "VALUE_INVALID", "the output cannot be written");
  if (error.fault !== "record") throw error;
  return error;
}
