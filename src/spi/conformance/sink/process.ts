/**
 * A process that writes into a sink as the runtime does, reduced to what a sink sees: it claims the splits, encodes rows,
 * commits units with positions. Several of them over one state store are a crash and its successor, or a zombie.
 */
import { addCounts, NO_COUNTS } from "../../../core/ledger.ts";
import type { EncodeSpec, RowForm } from "../../../core/ports/format.ts";
import type { Advance, BoundSink, Progress, SinkUnit, SinkWriter, WriteOutcome } from "../../../core/ports/sink.ts";
import type { StateStore } from "../../../core/ports/state-store.ts";
import { originPosition } from "../../../core/position.ts";
import type { Reject } from "../../../core/reject.ts";
import type { SinkOutput } from "../../../core/result.ts";
import { turnsAmong } from "../../../core/row-forms.ts";
import { typedColumns } from "../../../core/typed-columns.ts";
import { formatByName } from "../../../formats/catalog.ts";
import { GrowingBytes } from "../../../formats/growing-bytes.ts";
import { putCopy } from "../../../formats/put-bytes.ts";
import { sinkMemory } from "../../../pipeline/sink-memory.ts";
import { noSource } from "../../../streams/no-source.ts";

/** A record as a transform would return it. */
export type SinkRecord = { readonly [field: string]: unknown };

/** The job and sink of every conformance test. */
export const KEY = { job: "conformance", sink: "sink" };
export const FIRST_SPLIT = "a";
/** Their run, which all processes of a case take up again, and its scope. */
export const RUN = "run-1";
const PROGRESS_KEY = { ...KEY, scope: RUN };
const RUN_ROW: Parameters<StateStore["createRun"]>[0] = {
  id: RUN,
  job: KEY.job,
  scope: RUN,
  slot: null,
  params: "[]",
  trigger: "manual",
  state: "running",
  startedAt: new Date(0).toISOString(),
  endedAt: null,
  columns: null,
  fingerprint: null,
  summary: null,
};
const FIELD_BYTES = 1024;

/** One process at work. */
export class SinkProcess implements AsyncDisposable {
  readonly bound: BoundSink;
  readonly writer: SinkWriter;
  readonly #state: StateStore;
  readonly #columns: readonly string[];
  readonly #splits: Map<string, Progress>;
  /** Records that a unit was given. */
  readonly #handed = new WeakMap<SinkUnit, number>();

  private constructor(
    bound: BoundSink,
    writer: SinkWriter,
    state: StateStore,
    rest: { readonly columns: readonly string[]; readonly claimed: readonly Progress[] },
  ) {
    this.bound = bound;
    this.writer = writer;
    this.#state = state;
    this.#columns = rest.columns;
    this.#splits = new Map(rest.claimed.map((row) => [row.split, row]));
  }

  /**
   * Opens a bound sink and claims its splits, as a run does when it begins or goes on.
   *
   * @param like a record that has all fields
   */
  static async start(
    bound: BoundSink,
    state: StateStore,
    like: SinkRecord,
    splits: readonly string[] = [FIRST_SPLIT],
  ): Promise<SinkProcess> {
    const isKnown = (await state.findRun(RUN)) !== undefined;
    if (!isKnown) await state.createRun(RUN_ROW);
    if (bound.resume === "restart") await state.forget({ job: KEY.job, scope: RUN });
    const claims = splits.map((split) => ({ split, origin: originPosition("0"), fingerprint: `first ${split}` }));
    const stored = bound.positions === "state" ? await state.claim(PROGRESS_KEY, claims) : null;
    const writer = await bound.open({
      ...PROGRESS_KEY,
      run: RUN,
      signal: new AbortController().signal,
      resumed: isKnown && bound.resume === "position",
      ...(stored !== null && { memory: sinkMemory(state, PROGRESS_KEY, stored) }),
    });
    const claimed = stored ?? (await writer.claim?.(claims)) ?? [];
    const { columns, needsColumns } = bound.encode;
    const names = columns?.map(({ name }) => name) ?? (needsColumns ? Object.keys(like) : []);
    return new SinkProcess(bound, writer, state, { columns: names, claimed });
  }

  /** Where the splits stood when they were claimed, and after every unit since. */
  progress(split = FIRST_SPLIT): Progress {
    const row = this.#splits.get(split);
    if (row === undefined) throw new RangeError(`no split ${split} was claimed`);
    return row;
  }

  /** Records of the first split that are durable here. */
  get written(): number {
    return this.progress().counts.written;
  }

  /** Where the splits stand by what is stored, as words: `a: 5 at 5, 5 written`. */
  async positions(): Promise<readonly string[]> {
    const rows = (await this.writer.progress?.()) ?? (await this.#state.progress(PROGRESS_KEY));
    return rows
      .map(
        ({ split, position, counts }) =>
          `${split}: ${position.ordinal} at ${position.token}, ${counts.written} written`,
      )
      .toSorted();
  }

  begin(mode: "fast" | "careful" = "fast"): Promise<SinkUnit> {
    const { needsColumns } = this.bound.encode;
    return this.writer.begin(mode, needsColumns || this.#columns.length > 0 ? this.#columns : null);
  }

  /** Hands over records as one chunk; an array in it is one record with several outputs. */
  write(unit: SinkUnit, records: readonly (SinkRecord | readonly SinkRecord[])[]): Promise<WriteOutcome> {
    const { split, position } = this.progress();
    const before = this.#handed.get(unit) ?? 0;
    this.#handed.set(unit, before + records.length);
    const origin = { split, ordinal: position.ordinal + BigInt(before) };
    return unit.write(outputOf(records, this.bound.encode, this.#columns), origin);
  }

  /** Begins a unit, writes the records and commits it. */
  async commitRecords(records: readonly SinkRecord[]): Promise<void> {
    const unit = await this.begin();
    await this.write(unit, records);
    await this.commit(unit, this.advance(records.length));
  }

  /** A step of a split over so many records, of which some were rejected. */
  advance(records: number, rejected = 0, { split, epoch, position, counts }: Progress = this.progress()): Advance {
    const written = records - rejected;
    const added = { ...NO_COUNTS, read: records, written, rejected, emitted: written };
    const ordinal = position.ordinal + BigInt(records);
    return {
      split,
      epoch,
      from: position.ordinal,
      to: { ordinal, token: String(ordinal) },
      counts: addCounts(counts, added),
    };
  }

  /** Commits a unit with its positions, wherever these live. */
  async commit(unit: SinkUnit, advances: Advance | readonly Advance[], rejects: readonly Reject[] = []): Promise<void> {
    const all = [advances].flat();
    const withData = this.bound.positions === "sink";
    await unit.commit(withData ? all : [], withData ? rejects : []);
    if (!withData) await this.#state.commit(PROGRESS_KEY, all, rejects, unit.words);
    await this.writer.settle?.();
    this.#note(all);
  }

  /** Takes a commit for done whose reply was lost. */
  async readBack(): Promise<void> {
    for (const row of (await this.writer.progress?.([...this.#splits.keys()])) ?? []) this.#splits.set(row.split, row);
  }

  /** Ends the run well. */
  async finish(): Promise<void> {
    await this.writer.finish();
    await this.#state.updateRun(RUN, { state: "succeeded", endedAt: new Date(0).toISOString() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer[Symbol.asyncDispose]();
    await this.bound[Symbol.asyncDispose]();
  }

  #note(advances: readonly Advance[]): void {
    for (const { split, to, counts } of advances) {
      this.#splits.set(split, { ...this.progress(split), position: to, counts });
    }
  }
}

/** Rows as the threads hand them over. */
function outputOf(
  records: readonly (SinkRecord | readonly SinkRecord[])[],
  spec: EncodeSpec,
  columns: readonly string[],
): SinkOutput {
  const named = spec.columns ?? (columns.length === 0 ? null : typedColumns(spec, columns));
  const encoder = formatByName(spec.format).encoder({ ...spec, columns: named });
  const memory = new GrowingBytes(new SharedArrayBuffer(FIELD_BYTES));
  const ends: number[] = [];
  const forms: RowForm[] = [];
  const owners: number[] = [];
  const rows = records.flatMap((record, index) => [record].flat().map((row) => ({ row, index })));
  const { attached = [] } = spec;
  const lengths: number[] = [];
  for (const { row, index } of rows) {
    for (const field of attached) {
      const text = Buffer.from(String(row[field]));
      putCopy(memory, text, 0, text.length);
      lengths.push(text.length);
    }
    encoder.encode(row, noSource, memory);
    ends.push(memory.length);
    forms.push(encoder.form ?? 0);
    owners.push(index);
  }
  const { partition } = spec;
  const paths =
    partition &&
    rows.map(({ row }) => partition.fields.map((field) => `${field}=${String(row[field])}`).join(partition.separator));
  const names = [...new Set(paths)];
  return {
    sink: spec.sink,
    bytes: new Uint8Array(memory.memory, 0, memory.length),
    rows: rows.length,
    rowEnds: Int32Array.from(ends),
    recordOfRow: Int32Array.from(owners),
    turns: turnsAmong(forms),
    filtered: 0,
    ...(paths && { partitions: { names, ofRow: Int32Array.from(paths, (path) => names.indexOf(path)) } }),
    ...(spec.attached && { attached: { fields: attached.length, lengths: Int32Array.from(lengths) } }),
  };
}
