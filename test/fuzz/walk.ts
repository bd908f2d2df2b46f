/** Takes a job's source through the code of a run, chunk by chunk: cutter, decoder, transform, encoders, rewinds. */
import { LaneCutter } from "../../src/actors/lane-cutter.ts";
import type { Opening } from "../../src/actors/messages.ts";
import type { Chunk } from "../../src/core/chunk.ts";
import { isMillraceError } from "../../src/core/errors.ts";
import type { Format, Header } from "../../src/core/ports/format.ts";
import type { Position } from "../../src/core/position.ts";
import type { Task } from "../../src/core/task.ts";
import { ChunkRunner, type TaskReplyBody } from "../../src/task/chunk-runner.ts";
import type { Mode } from "../../src/task/mode.ts";
import { RecordMode } from "../../src/task/record-mode.ts";
import { RecordContext } from "../../src/task/transform-context.ts";
import { identity, transformer } from "../../src/task/transformer.ts";
import { LentBlocks } from "../support/blocks.ts";
import { type Fate, fatesOf } from "./fate.ts";
import type { FuzzJob } from "./job.ts";

/** One of several ways to do the same. */
export interface Way {
  readonly name: string;
  /** Records that are read before code is generated. */
  readonly generateAfter: number;
  /** Whether records that nobody looks at are written without being read. */
  readonly passes: boolean;
  readonly format: (name: string) => Format;
}

/** What became of all records. */
export interface Course {
  readonly fates: readonly Fate[];
  /** Why the job cannot be done, or the source not be read to its end; null: it was. */
  readonly broken: string | null;
}

/** Runs the whole source in blocks of these sizes: bytes, or rows where the source frames them. */
export function walk(job: FuzzJob, way: Way, sizes: readonly number[]): Course {
  const fates: Fate[] = [];
  try {
    new Walk(job, way, sizes, fates).run();
  } catch (thrown) {
    if (!isMillraceError(thrown) || thrown.code === "INVARIANT") throw thrown;
    return { fates, broken: thrown.code };
  }
  return { fates, broken: null };
}

/** Too little, so that memory has to grow. */
const OUT_BYTES = 64;
const HEADROOM = 16;

class Walk {
  readonly #job: FuzzJob;
  readonly #way: Way;
  readonly #sizes: readonly number[];
  readonly #runner: ChunkRunner;
  readonly #blocks = new LentBlocks();
  readonly #fates: Fate[];
  #position: Position = { ordinal: 0n, token: "0", line: 1 };
  #fields: readonly string[] | undefined;
  #generation = 0;
  #turn = 0;

  constructor(job: FuzzJob, way: Way, sizes: readonly number[], fates: Fate[]) {
    const decode = { ...job.source.spec, generateAfter: way.generateAfter };
    this.#job = job;
    this.#way = way;
    this.#sizes = sizes;
    this.#fates = fates;
    this.#runner = new ChunkRunner({ decode, sinks: job.sinks }, way.format, modeOf(job, way));
  }

  run(): void {
    const { ends } = this.#job.source;
    if (ends === undefined) this.#delimited();
    else this.#framed(ends);
  }

  #framed(ends: Int32Array): void {
    const { bytes } = this.#job.source;
    for (let record = 0; record < ends.length; ) {
      const next = Math.min(ends.length, record + this.#nextSize());
      const begin = record === 0 ? 0 : (ends[record - 1] as number);
      const block = this.#blocks.bytes(bytes.subarray(begin, ends[next - 1]));
      const task = this.#task(block.memory.bytes, block.begin, block.end);
      const own = ends.slice(record, next).map((end) => end - begin);
      this.#keep(begin, { ...task, ends: own }, false);
      block.memory.release();
      record = next;
    }
  }

  #delimited(): void {
    const { source } = this.#job;
    const format = this.#way.format(source.spec.format);
    const header = format.readHeader(source.bytes, true, source.spec) as Header;
    this.#fields = header.fields ?? source.fields;
    this.#position = { ordinal: 0n, token: String(header.dataOffset), line: 1 + header.lines };
    const cutter = new LaneCutter({
      lane: 0,
      splitter: format.splitter(source.spec),
      maxRecordBytes: source.spec.maxRecordBytes,
      maxRecords: null,
      sinks: ["sink"],
      headStarts: new Map(),
    });
    let opening: Opening | null = { position: this.#position, moreThanBytes: 0 };
    while (opening !== null) opening = this.#stretch(cutter, opening);
  }

  /** Reads from one place on; where it has to begin anew, or null at the end. */
  #stretch(cutter: LaneCutter, opening: Opening): Opening | null {
    const { bytes } = this.#job.source;
    const generation = this.#generation++;
    let opens: Opening | null = opening;
    let rewind: Opening | null = null;
    for (let at = Number(opening.position.token), final = false; !final && rewind === null; opens = null) {
      const end = Math.min(bytes.length, at + this.#nextSize());
      final = end === bytes.length;
      const block = this.#blocks.bytes(bytes.subarray(at, end), { opens, generation, final, headroom: HEADROOM });
      for (const chunk of cutter.bytes(block)) {
        rewind ??= this.#chunk(chunk);
        chunk.memory.release();
      }
      block.memory.release();
      at = end;
    }
    return rewind;
  }

  /** Works a chunk off; where to go on if it ended elsewhere than was thought. */
  #chunk(chunk: Chunk): Opening | null {
    const size = chunk.end - chunk.begin;
    const isCut = chunk.to !== null;
    const task = { ...this.#task(chunk.memory.bytes, chunk.begin, chunk.end), final: chunk.final, truncated: isCut };
    const begin = Number(chunk.from);
    const { records, end, lines } = this.#keep(begin, task, isCut);
    const skipped = end === size ? chunk.to : null;
    const { ordinal, line = 0 } = this.#position;
    this.#position = {
      ordinal: ordinal + BigInt(records),
      token: skipped ?? String(begin + end),
      line: line + lines + (skipped === null ? 0 : 1),
    };
    if (end === size) return null;
    if (chunk.final) throw new RangeError("bytes of the final chunk were left");
    return { position: this.#position, moreThanBytes: size - end };
  }

  #nextSize(): number {
    return this.#sizes[this.#turn++ % this.#sizes.length] as number;
  }

  #task(bytes: Uint8Array, begin: number, end: number): Task {
    const shift = bytes.byteOffset;
    return {
      split: "split",
      fields: this.#fields,
      memory: bytes.buffer as SharedArrayBuffer,
      begin: shift + begin,
      end: shift + end,
      ends: undefined,
      from: "",
      firstLine: this.#position.line,
      meta: undefined,
      final: false,
      truncated: false,
      out: this.#job.sinks.map(() => new SharedArrayBuffer(OUT_BYTES)),
      index: new SharedArrayBuffer(OUT_BYTES),
      columns: {},
      poison: [],
      only: null,
      careful: false,
    };
  }

  /** Runs a task and keeps what came of its records; `begin` is where its bytes stand in the source. */
  #keep(begin: number, task: Task, isCut: boolean): TaskReplyBody {
    const reply = this.#runner.run(task, { at: () => {}, beat: () => {} });
    if (reply instanceof Promise) throw new TypeError("mode record answers at once");
    this.#fates.push(...fatesOf(task, reply, { begin, line: this.#position.line ?? 0, isCut }));
    return reply;
  }
}

function modeOf({ transform }: FuzzJob, { passes }: Way): Mode {
  const context = new RecordContext({ job: "fuzz", run: "run", resources: undefined });
  if (transform === null) return new RecordMode(passes ? identity : (record) => identity(record), context);
  const file = import.meta.filename;
  return new RecordMode(transformer({ transform, file, gate: null, context }), context);
}
