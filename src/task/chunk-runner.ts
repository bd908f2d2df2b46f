/**
 * What a thread does with a chunk: decode, transform and encode, straight into the lent memory.
 *
 * A record's way: it is read; a fault, a poison mark or the transform's word may end it; else each sink encodes its
 * outputs. Whatever refuses a record, the record becomes one reject with its bytes and its neighbours are untouched.
 */
import { encodeRaw, type ChunkReject, type RejectStage } from "../core/reject.ts";
import type { Decoder, Format, RecordBatch, SourceFields } from "../core/ports/format.ts";
import type { Task, TaskReply, TaskSpec } from "../core/task.ts";
import { FanOut } from "./fan-out.ts";
import { decodeTask } from "./decode-task.ts";
import { GrowingInts } from "./growing-ints.ts";
import { packIndex } from "./index-memory.ts";
import type { ChunkWork, Mode, Verdicts } from "./mode.ts";
import { type Outcome, type Outputs, rejected } from "./outcome.ts";
import type { Progress } from "./progress.ts";

/** Works chunks off, one at a time. */
export class ChunkRunner {
  readonly #decoder: Decoder;
  readonly #mode: Mode;
  readonly #sinks: FanOut;
  readonly #spans = new GrowingInts(2048);
  #rejects: ChunkReject[] = [];
  /** The chunk's; what a decoder reads from may be a copy that it has undone escapes in. */
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(spec: Pick<TaskSpec, "decode" | "sinks">, format: (name: string) => Format, mode: Mode) {
    this.#decoder = format(spec.decode.format).decoder(spec.decode);
    this.#sinks = new FanOut(spec.sinks, format);
    this.#mode = mode;
  }

  /**
   * Works one chunk off; the answer is a promise only where the mode waits for the user's function.
   *
   * @throws MillraceError TRANSFORM_INVALID when the user's function works in another way than its mode
   */
  run(task: Task, progress: Progress): TaskReplyBody | Promise<TaskReplyBody> {
    const work = this.#begin(task, progress);
    const { judge } = this.#mode;
    const probing = task.only !== null;
    if (judge !== null && (probing || this.#sinks.ready)) {
      this.#stream(work, judge);
      return this.#reply(task, work);
    }
    const verdicts = this.#mode.judgeAll(work);
    if (verdicts instanceof Promise) return verdicts.then((all) => this.#finish(task, work, all));
    return this.#finish(task, work, verdicts);
  }

  #begin(task: Task, progress: Progress): ChunkWork {
    this.#rejects = [];
    this.#spans.clear();
    this.#sinks.begin(task);
    const batch = decodeTask(this.#decoder, task);
    this.#bytes = new Uint8Array(task.memory, task.begin, task.end - task.begin);
    const place = { split: task.split, batch, firstLine: task.firstLine, meta: task.meta };
    this.#mode.enter(place);
    return {
      place,
      ...rangeOf(task, batch),
      poison: new Map(task.poison.map((entry) => [entry.record, entry])),
      careful: task.careful || task.only !== null,
      progress,
    };
  }

  /** The ordinary way of mode record: each record is encoded as soon as it is transformed. */
  #stream({ place: { batch }, from, to, poison, progress }: ChunkWork, judge: NonNullable<Mode["judge"]>): void {
    const writes = this.#sinks.ready;
    const passes = writes && this.#mode.passes === true && batch.place !== undefined && this.#sinks.passes;
    for (let record = from; record < to; record++) {
      progress.at(record);
      const mark = poison.get(record);
      if (passes && mark === undefined && batch.place?.(record) && this.#sinks.pass(batch.current, record)) continue;
      const outcome =
        mark === undefined ? judgeNext(batch, record, judge) : rejected("transform", mark.code, mark.message);
      if (writes) this.#settle(batch, record, outcome, batch.current);
    }
  }

  /** The way of all who have to see a chunk's outputs before any is encoded: other modes, and unknown output columns. */
  #finish(task: Task, work: ChunkWork, verdicts: Verdicts): TaskReplyBody {
    if (!this.#sinks.ready && task.only === null) this.#sinks.findColumns(inOrder(verdicts, work));
    if (this.#sinks.ready || task.only === null) this.#settleAll(work, verdicts);
    return this.#reply(task, work);
  }

  #settleAll({ place: { batch }, from, to }: ChunkWork, verdicts: Verdicts): void {
    for (let record = from; record < to; record++) {
      const outcome = verdicts.of(record);
      this.#settle(batch, record, outcome, verdicts.source);
    }
  }

  #settle(batch: RecordBatch, record: number, outcome: Outcome, source: SourceFields): void {
    switch (outcome.kind) {
      case "filtered":
        this.#sinks.filter();
        return;
      case "rejected":
        this.#reject(batch, record, { stage: outcome.stage, code: outcome.code, message: outcome.message });
        return;
      case "outputs":
        this.#write(batch, record, outcome, source);
    }
  }

  #write(batch: RecordBatch, record: number, outputs: Outputs, source: SourceFields): void {
    for (const refusal of this.#sinks.write(outputs, source, record)) {
      this.#reject(batch, record, { stage: "write", ...refusal });
    }
  }

  #reject(
    batch: RecordBatch,
    record: number,
    why: { stage: RejectStage; sink?: string; output?: number; code: string; message: string },
  ): void {
    const offset = batch.start(record);
    const raw = encodeRaw(this.#bytes.subarray(offset, batch.stop(record)));
    this.#rejects.push({ record, offset, line: batch.line(record), ...why, ...raw });
  }

  #reply(task: Task, { place: { batch } }: ChunkWork): TaskReplyBody {
    for (let record = 0; record < batch.count; record++) {
      this.#spans.push(batch.start(record));
      this.#spans.push(batch.stop(record));
    }
    const { memory, slices } = packIndex(task.index, [this.#spans.view(), ...this.#sinks.index]);
    const [spans, ...rest] = slices;
    return {
      records: batch.count,
      end: batch.end,
      lines: batch.lines,
      rejects: this.#rejects,
      index: memory,
      spans: spans ?? { from: 0, length: 0 },
      outputs: this.#sinks.outputs(rest),
      columns: this.#sinks.columns,
    };
  }
}

/** A reply without the time it took, which is the thread's to tell. */
export type TaskReplyBody = Omit<TaskReply, "busyMs">;

/** All records, or the one that is run alone; nothing where that one is not there: the death was not of its making. */
function rangeOf({ only }: Task, { count }: RecordBatch): Pick<ChunkWork, "from" | "to"> {
  if (only === null) return { from: 0, to: count };
  return { from: only, to: Math.min(only + 1, count) };
}

function judgeNext(batch: RecordBatch, record: number, judge: NonNullable<Mode["judge"]>): Outcome {
  const read = batch.read(record);
  if ("fault" in read) return rejected("decode", read.fault.code, read.fault.message);
  return judge(read.record, record);
}

function* inOrder(verdicts: Verdicts, { from, to }: ChunkWork): Iterable<Outcome> {
  for (let record = from; record < to; record++) yield verdicts.of(record);
}
