/**
 * `check --show-codec`: sends a job's first records through a thread's code, and tells which functions were generated for them,
 * or why none were. Nothing is written.
 */
import type { Clock } from "../core/clock.ts";
import type { SharedBytes } from "../core/chunk.ts";
import type { SplitPlan } from "../core/ports/source.ts";
import { originPosition } from "../core/position.ts";
import type { Task, TaskReply, TaskSpec } from "../core/task.ts";
import { formatByName } from "../formats/catalog.ts";
import { type CompiledFunction, compile, compiledDuring } from "../formats/generated/compile.ts";
import { TaskThread } from "../task/task-thread.ts";
import type { BoundPlan } from "./resolve.ts";

/** How one side of a job is done. */
export interface CodecPart {
  /** `records`, or `rows of` a sink. */
  readonly what: string;
  /** `generated`, or why it is not. */
  readonly how: string;
  readonly functions: readonly CompiledFunction[];
}

/** Enough to see which shape records and outputs have. */
const SAMPLE = 16;
const SAMPLE_BYTES = 256 * 1024;
const LENT_BYTES = 64 * 1024;
/** The generated readers; all other functions write. */
const READERS = ["readRecord", "readLine"];

/**
 * What is generated for a job; its transform is called with the first records of its first split.
 *
 * @throws MillraceError what a run would meet before its first commit
 */
export async function codecOf({ plan, source, sinks }: BoundPlan, clock: Clock): Promise<readonly CodecPart[]> {
  const [split] = source.splits;
  const sample = split === undefined ? null : await sampleOf(source, split, plan.decode);
  if (sample === null) {
    return [{ what: "records", how: "not known before there are any: code is made for the first ones", functions: [] }];
  }
  const parts: CodecPart[] = [];
  for (const [name, { encode }] of sinks) {
    const spec: TaskSpec = {
      job: plan.job.name,
      run: "check",
      decode: { ...plan.decode, generateAfter: 0 },
      transform: plan.transform,
      sinks: [encode],
      otherSinks: [...sinks.keys()].filter((other) => other !== name),
    };
    const functions = await compiledFor(spec, sample, clock);
    const readers = functions.filter((one) => READERS.includes(one.name));
    const writers = functions.filter((one) => !READERS.includes(one.name));
    const isRead = readers.length > 0;
    if (parts.length === 0)
      parts.push({ what: "records", how: isRead ? GENERATED : whyReadPlainly(spec), functions: readers });
    const how = writers.length > 0 ? GENERATED : whyWrittenPlainly(isRead);
    parts.push({ what: `rows of ${name}`, how, functions: writers });
  }
  return parts;
}

const GENERATED = "generated";

function whyReadPlainly({ decode: { format, select, rename = {} } }: TaskSpec): string {
  if (isForbidden()) return FORBIDDEN;
  if (format === "jsonl" || format === "json") {
    const isPicked = select !== undefined || Object.keys(rename).length > 0;
    return isPicked
      ? "plain: select and rename make other objects"
      : "plain: the first objects differ in their keys, or these have escapes or letters beyond ASCII";
  }
  return "plain: there are no fields, or too many for one function";
}

function whyWrittenPlainly(isRead: boolean): string {
  if (isForbidden()) return FORBIDDEN;
  if (!isRead) return "plain: the records are read plainly";
  return "plain: this format has no other way, or the first outputs differ, lack a column or have a key like constructor";
}

const FORBIDDEN = "plain: this process forbids generated code";

function isForbidden(): boolean {
  return compile("probe", {}, "return () => {};") === null;
}

/** The functions that a thread compiles for some records. */
function compiledFor(spec: TaskSpec, sample: Sample, clock: Clock): Promise<readonly CompiledFunction[]> {
  return compiledDuring(async () => {
    const thread = await TaskThread.create(spec, { format: formatByName, busyClock: () => 0, clock });
    try {
      const { columns } = await run(thread, sample, {});
      // the columns were to be found first, or the shape to be learned
      await run(thread, sample, columns);
    } finally {
      await thread.close();
    }
  });
}

/** The first records of a split. */
type Sample = Pick<Task, "split" | "fields" | "memory" | "end" | "ends" | "final">;

function run(thread: TaskThread, sample: Sample, columns: Task["columns"]): Promise<TaskReply> {
  const task: Task = {
    ...sample,
    begin: 0,
    from: "0",
    firstLine: 1,
    meta: undefined,
    truncated: false,
    out: [new SharedArrayBuffer(LENT_BYTES)],
    index: new SharedArrayBuffer(LENT_BYTES),
    columns,
    poison: [],
    only: null,
    careful: false,
  };
  return thread.run(task, { at: () => {}, beat: () => {} });
}

async function sampleOf(
  source: BoundPlan["source"],
  split: SplitPlan,
  decode: BoundPlan["plan"]["decode"],
): Promise<Sample | null> {
  const { signal } = new AbortController();
  await using reader = await source.open(split, originPosition(split.origin, split.originLine), signal);
  const place = { split: split.id, fields: split.fields };
  if (reader.kind === "frames") {
    const batch = await reader.read(SAMPLE_BYTES, lend);
    const ends = batch?.ends.slice(0, SAMPLE);
    if (batch === undefined || ends === undefined || ends.length === 0) return null;
    const memory = sharedCopy(batch.memory.bytes.subarray(0, ends.at(-1)));
    return { ...place, memory, end: memory.byteLength, ends, final: false };
  }
  const block = new Uint8Array(SAMPLE_BYTES);
  const bytes = block.subarray(0, await reader.read(block));
  if (bytes.length === 0) return null;
  const border = formatByName(decode.format).splitter(decode).lastBorder(bytes, 0, bytes.length, SAMPLE).end;
  const memory = sharedCopy(border === 0 ? bytes : bytes.subarray(0, border));
  return { ...place, memory, end: memory.byteLength, ends: undefined, final: border === 0 };
}

/** Memory for records that nobody writes. */
async function lend(bytes: number): Promise<SharedBytes> {
  const lent: SharedBytes = { bytes: new Uint8Array(bytes), retain: () => lent, release: () => {} };
  return lent;
}

function sharedCopy(bytes: Uint8Array): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(bytes.length);
  new Uint8Array(memory).set(bytes);
  return memory;
}
