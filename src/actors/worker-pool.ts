/**
 * The worker pool: hands chunks to threads, as many as the window allows, and passes the results on as they come.
 *
 * A sink whose output columns are not known yet finds them in the first chunk, which therefore goes alone.
 */
import type { Chunk } from "../core/chunk.ts";
import type { TaskReply, TaskRunner } from "../core/task.ts";
import type { Actor, ActorContext } from "../runtime/actor.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import type { Lane } from "./lane.ts";
import type { Emit, Processed } from "./messages.ts";
import type { OutputEstimate } from "./output-estimate.ts";
import { redeliver } from "./redelivery.ts";
import type { StageMeter } from "./stage-meter.ts";
import { emptyResult, type LentMemory, toResult, toTask } from "./task-message.ts";
import type { Window } from "./window.ts";

/** Output columns by sink. */
export type SinkColumns = { readonly [sink: string]: readonly string[] };

/** What a {@link WorkerPool} needs. */
export interface WorkerPoolOptions {
  readonly runner: TaskRunner;
  readonly sinks: readonly string[];
  readonly lanes: readonly Lane[];
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly chunks: Mailbox<Chunk>;
  readonly results: Mailbox<Processed>;
  readonly window: Window;
  readonly estimate: OutputEstimate;
  /** Columns settled by an earlier process, or by the sinks themselves. */
  readonly columns: SinkColumns;
  /** Sinks that cannot take a row before their columns are known. */
  readonly needColumns: readonly string[];
  /** Keeps newly found columns; the chunk that brought them waits for it. */
  readonly onColumns: (columns: SinkColumns) => Promise<void>;
  readonly meter: StageMeter;
  readonly emit: Emit;
}

/** Works until the chunker's mailbox is closed and every thread has answered. */
export class WorkerPool implements Actor {
  readonly #options: WorkerPoolOptions;
  readonly #inFlight = new Set<Promise<void>>();
  #columns: SinkColumns;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#columns = options.columns;
  }

  async run({ killed }: ActorContext): Promise<void> {
    const { chunks, results, window, meter } = this.#options;
    for (
      let chunk = await meter.input(chunks.receive());
      chunk !== undefined;
      chunk = await meter.input(chunks.receive())
    ) {
      await meter.output(window.enter(killed));
      const processing = this.#process(chunk);
      if (this.#columnsKnown) this.#track(processing);
      else await processing;
    }
    await Promise.all(this.#inFlight);
    results.close();
  }

  get #columnsKnown(): boolean {
    return this.#options.needColumns.every((sink) => Object.hasOwn(this.#columns, sink));
  }

  /** A thread's failure must not wait until the next chunk comes along: it ends the mailboxes at both sides. */
  #track(processing: Promise<void>): void {
    const tracked = processing
      .catch((error: unknown) => {
        this.#options.chunks.abort(error);
        this.#options.results.abort(error);
      })
      .finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
  }

  async #process(chunk: Chunk): Promise<void> {
    const { results, lanes, sinks } = this.#options;
    if (chunk.generation < (lanes[chunk.lane] as Lane).generation) return results.send({ chunk, result: null });
    if (isEmpty(chunk)) return results.send({ chunk, result: emptyResult(sinks) });
    const memory = chunk.memory as ChunkMemory;
    const lent = this.#lend(memory, chunk.end - chunk.begin);
    const reply = await this.#runInThread(chunk, lent);
    const result = toResult(reply, lent, memory);
    this.#learn(chunk, result);
    await this.#settleColumns(reply);
    await results.send({ chunk, result });
  }

  #lend(memory: ChunkMemory, inputBytes: number): LentMemory {
    const { estimate, sinks } = this.#options;
    return {
      out: sinks.map(() => memory.lend(estimate.output(inputBytes))),
      index: memory.lend(estimate.index(inputBytes)),
    };
  }

  #runInThread(chunk: Chunk, lent: LentMemory): Promise<TaskReply> {
    const { runner, fields, emit } = this.#options;
    return redeliver({
      place: `${chunk.split} from ${chunk.from}`,
      attempt: (poison, only) =>
        runner.run(toTask(chunk, lent, { fields: fields.get(chunk.split), columns: this.#columns, poison, only })),
      onDeath: ({ kind, recordIndex }) =>
        emit({ kind: "thread-died", fault: kind, split: chunk.split, record: recordIndex }),
    });
  }

  #learn(chunk: Chunk, { outputs, spans, busyMs }: ReturnType<typeof toResult>): void {
    const largest = outputs.reduce((most, output) => Math.max(most, output.bytes.byteLength), 0);
    const index = outputs.reduce((sum, output) => sum + 2 * output.rows, spans.length) * Int32Array.BYTES_PER_ELEMENT;
    this.#options.estimate.learn(chunk.end - chunk.begin, largest, index);
    this.#options.meter.addBusy(busyMs);
  }

  async #settleColumns({ columns }: TaskReply): Promise<void> {
    if (this.#columnsKnown || Object.keys(columns).length === 0) return;
    await this.#options.onColumns(columns);
    this.#columns = { ...this.#columns, ...columns };
  }
}

/** A framed record may be empty and still is one. */
function isEmpty({ begin, end, framing }: Chunk): boolean {
  return framing.kind === "framed" ? framing.ends.length === 0 : begin === end;
}
