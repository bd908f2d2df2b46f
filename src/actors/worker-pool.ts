/**
 * The worker pool: hands chunks to threads, as many as the window allows, and passes the results on as they come.
 *
 * A sink whose output columns are not known yet finds them in the first chunk, which therefore goes alone; one that gets
 * no row of it finds them in the first chunk that has one.
 */
import type { Chunk } from "../core/chunk.ts";
import type { TaskReply, TaskRunner } from "../core/task.ts";
import type { Actor, ActorContext } from "../runtime/actor.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import type { ChunkMemory } from "./chunk-memory.ts";
import type { ColumnAgreement } from "./column-agreement.ts";
import type { Lane } from "./lane.ts";
import type { Emit, Processed } from "./messages.ts";
import type { OutputEstimate } from "./output-estimate.ts";
import { redeliver } from "./redelivery.ts";
import type { StageMeter } from "./stage-meter.ts";
import { emptyResult, type LentMemory, toResult, toTask } from "./task-message.ts";
import type { Window } from "./window.ts";

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
  readonly columns: ColumnAgreement;
  readonly meter: StageMeter;
  readonly emit: Emit;
}

/** Works until the chunker's mailbox is closed and every thread has answered. */
export class WorkerPool implements Actor {
  readonly #options: WorkerPoolOptions;
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  async run({ killed }: ActorContext): Promise<void> {
    const { chunks, results, window, columns, meter } = this.#options;
    for (
      let chunk = await meter.input(chunks.receive());
      chunk !== undefined;
      chunk = await meter.input(chunks.receive())
    ) {
      await meter.output(window.enter(killed));
      const alone = columns.isOpen;
      const processing = this.#process(chunk);
      if (alone) await processing;
      else this.#track(processing);
    }
    await Promise.all(this.#inFlight);
    results.close();
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
    const { results, lanes, columns } = this.#options;
    if (chunk.generation < (lanes[chunk.lane] as Lane).generation) return results.send({ chunk, result: null });
    if (isEmpty(chunk)) return results.send({ chunk, result: emptyResult(chunk.needs) });
    const memory = chunk.memory as ChunkMemory;
    const lent = this.#lend(memory, chunk);
    using turn = columns.turn();
    let reply = await this.#runInThread(chunk, lent);
    while (!(await turn.agree(reply.columns))) reply = await this.#runInThread(chunk, lent);
    const result = toResult(reply, lent, memory);
    this.#learn(chunk, result);
    await results.send({ chunk, result });
  }

  #lend(memory: ChunkMemory, { begin, end, needs }: Chunk): LentMemory {
    const { estimate, sinks } = this.#options;
    const inputBytes = end - begin;
    return {
      out: sinks.map((sink) => (needs.includes(sink) ? memory.lend(estimate.output(inputBytes)) : null)),
      index: memory.lend(estimate.index(inputBytes)),
    };
  }

  #runInThread(chunk: Chunk, lent: LentMemory): Promise<TaskReply> {
    const { runner, fields, columns, lanes, emit } = this.#options;
    const lane = lanes[chunk.lane] as Lane;
    const split = {
      shownAs: lane.splits[lane.indexOf(chunk.split)]?.shownAs,
      fields: fields.get(chunk.split),
    };
    return redeliver({
      place: `${chunk.split} from ${chunk.from}`,
      attempt: (attempt) => runner.run(toTask(chunk, lent, { ...split, columns: columns.known, ...attempt })),
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
}

/** A framed record may be empty and still is one. */
function isEmpty({ begin, end, framing }: Chunk): boolean {
  return framing.kind === "framed" ? framing.ends.length === 0 : begin === end;
}
