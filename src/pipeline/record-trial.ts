/** Single records through a job's threads, for nothing but what comes of them: nothing is read or written. */
import { redeliver } from "../actors/redelivery.ts";
import type { DecodeSpec, EncodeSpec } from "../core/ports/format.ts";
import type { ChunkReject } from "../core/reject.ts";
import type { Task, TaskOutput, TaskReply, TaskRunner, TaskSpec } from "../core/task.ts";
import type { Plan } from "./describe.ts";

/** Bytes lent for what a record becomes; the thread makes more where that is too little. */
const LENT_BYTES = 64 * 1024;

/** A record as it would stand in the source. */
export interface TrialRecord {
  /** Without what separates it from its neighbours. */
  readonly text: string;
  /** The names of its fields, for formats that have a header. */
  readonly fields?: readonly string[];
}

/** What came of a record. */
export interface TrialOutcome {
  /** By sink, its outputs as JSON; empty where it was filtered out, routed elsewhere or rejected. */
  readonly outputs: { readonly [sink: string]: readonly string[] };
  readonly reject: ChunkReject | null;
}

/**
 * A thread in which records are decoded, validated and transformed as a run does it. A record that ends the thread is
 * rejected, as in a run.
 */
export class RecordTrial implements AsyncDisposable {
  readonly #runner: TaskRunner;
  readonly #sinks: number;

  /**
   * @param decode how the records are written; the job's own way, or another one with the same columns
   * @param start makes the thread
   */
  constructor({ job, transform, sinks }: Plan, decode: DecodeSpec, start: (spec: TaskSpec) => TaskRunner) {
    const encode = sinks.map(({ name }) => encodeSpec(name));
    this.#sinks = sinks.length;
    this.#runner = start({ job: job.name, run: "test", decode, transform, sinks: encode });
  }

  /**
   * Tries one record.
   *
   * @throws MillraceError TRANSFORM_UNLOADABLE, TRANSFORM_INVALID, SETUP_FAILED
   */
  async try(record: TrialRecord): Promise<TrialOutcome> {
    const task = taskOf(record, this.#sinks);
    const reply = await redeliver({
      place: "the record",
      attempt: (attempt) => this.#runner.run({ ...task, ...attempt }),
      onDeath: () => {},
    });
    const [reject = null] = reply.rejects;
    const outputs = reply.outputs.map((output, number) => [output.sink, rowsOf(task, reply, output, number)] as const);
    return { outputs: Object.fromEntries(outputs), reject };
  }

  /** Lets the module tear down what it has set up. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner.close();
  }
}

/** JSON shows an output whatever the sink's own format is. */
function encodeSpec(sink: string): EncodeSpec {
  return { sink, format: "jsonl", options: {}, columns: null, needsColumns: false, onUnknownField: "ignore" };
}

type Lent = Omit<Task, "poison" | "only" | "careful">;

function taskOf({ text, fields }: TrialRecord, sinks: number): Lent {
  const bytes = Buffer.from(text);
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return {
    split: "test",
    fields,
    memory,
    begin: 0,
    end: bytes.length,
    ends: Int32Array.of(bytes.length),
    from: "0",
    firstLine: 1,
    meta: undefined,
    final: true,
    truncated: false,
    out: Array.from({ length: sinks }, () => new SharedArrayBuffer(LENT_BYTES)),
    index: new SharedArrayBuffer(LENT_BYTES),
    columns: {},
  };
}

function rowsOf({ out, index }: Lent, reply: TaskReply, output: TaskOutput, sink: number): readonly string[] {
  const bytes = Buffer.from(new Uint8Array(output.memory ?? (out[sink] as SharedArrayBuffer), 0, output.bytes));
  const { from, length } = output.rowEnds;
  const ends = new Int32Array(reply.index ?? index).subarray(from, from + length);
  return Array.from(ends, (end, row) => bytes.toString("utf8", row === 0 ? 0 : ends[row - 1], end).trimEnd());
}
