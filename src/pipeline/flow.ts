/**
 * The third step: a bound plan becomes actors. A flow is one start of a run's actors with everything they share; when
 * one of them dies all do, and the supervisor makes the next flow from the durable positions.
 *
 * Built from the sinks backwards, so that stopping in reverse order stops the reader first and lets the rest drain.
 */
import { ColumnAgreement } from "../actors/column-agreement.ts";
import { Aggregator } from "../actors/aggregator.ts";
import type { MemoryArena } from "../actors/chunk-memory.ts";
import { Chunker } from "../actors/chunker.ts";
import { type Beginnings, beginningsOf } from "../actors/head-starts.ts";
import type { LastMoves } from "../actors/last-moves.ts";
import { type Lane, planLanes } from "../actors/lane.ts";
import type { Block, Delivery, Processed } from "../actors/messages.ts";
import { OutputEstimate } from "../actors/output-estimate.ts";
import { Reader } from "../actors/reader.ts";
import type { RecentCounts } from "../actors/recent-counts.ts";
import type { StageMeter } from "../actors/stage-meter.ts";
import { Window } from "../actors/window.ts";
import { WorkerPool } from "../actors/worker-pool.ts";
import { Writer } from "../actors/writer.ts";
import type { Chunk } from "../core/chunk.ts";
import { MillraceError } from "../core/errors.ts";
import type { MailboxSample } from "../core/ports/observer.ts";
import type { BoundSource, SplitPlan } from "../core/ports/source.ts";
import type { TaskRunner } from "../core/task.ts";
import type { Actor } from "../runtime/actor.ts";
import { Mailbox } from "../runtime/mailbox.ts";
import type { BudgetAccount } from "../runtime/memory-budget.ts";
import type { Execution } from "./execution.ts";
import { nearestName } from "../core/nearest.ts";
import { DurableEverywhere } from "./durable-everywhere.ts";
import type { OpenSink } from "./place-sinks.ts";
import type { StageMeters } from "./stage-meters.ts";

/** In mode async. */
const CHUNKS_A_THREAD = 2;
const DEFAULT_BLOCK_BYTES = 1024 * 1024;
/** Small files make small chunks, which weigh little and yet hold buffers: so many may wait in one mailbox. */
const MOST_WAITING = 256;

/** The parts of a flow that are made before its actors. */
export interface FlowParts {
  readonly execution: Execution;
  readonly source: BoundSource;
  /** How many of its splits are read side by side. */
  readonly side: number;
  /** Of a live source: each sink's counts of the last minutes. */
  readonly recent: ReadonlyMap<string, RecentCounts> | null;
  readonly sinks: readonly OpenSink[];
  readonly arena: MemoryArena;
  readonly runner: TaskRunner;
  readonly meters: StageMeters;
  /** Given when an outage of one sink does not count as long as others move. */
  readonly moves: LastMoves | null;
}

/** One start of a run's actors. */
export class Flow {
  readonly lanes: readonly Lane[];
  readonly #parts: FlowParts;
  readonly #beginnings: Beginnings;
  readonly #blockBytes: number;
  readonly #blocks: Mailbox<Block>;
  readonly #chunks: Mailbox<Chunk>;
  readonly #results: Mailbox<Processed>;
  readonly #deliveries: ReadonlyMap<string, Mailbox<Delivery>>;
  readonly #window: Window;
  readonly #account: BudgetAccount;
  readonly #estimate = new OutputEstimate();
  readonly #durable: DurableEverywhere;

  constructor(parts: FlowParts) {
    const { execution, source, sinks } = parts;
    const { chunk } = execution.bound.plan.job;
    this.#parts = parts;
    this.lanes = planLanes(asFirstSeen(source.splits, sinks), parts.side, mostOfALane(parts));
    this.#durable = new DurableEverywhere(sinks, (split, position) => source.committed?.(split, position));
    this.#beginnings = beginningsOf(new Map(sinks.map(({ name, rows }) => [name, rows])));
    this.#blockBytes = chunk.kind === "bytes" ? chunk.bytes : DEFAULT_BLOCK_BYTES;
    this.#window = new Window(2 * execution.threads + 1);
    this.#account = execution.budget.account(execution.run.row.id);
    const ahead = this.#blockBytes;
    this.#blocks = mailbox("blocks", ahead, blockBytes);
    this.#chunks = mailbox("chunks", ahead, (item) => item.end - item.begin);
    this.#results = mailbox("results", Number.POSITIVE_INFINITY, () => 0);
    // Of several sinks a slow one must not hold the others up: what waits for it is bounded by the memory budget.
    const waiting = sinks.length > 1 ? Number.POSITIVE_INFINITY : ahead;
    this.#deliveries = new Map(
      sinks.map(({ name }) => [name, mailbox(`deliveries of ${name}`, waiting, deliveryBytes)]),
    );
  }

  /** Every record of every split was seen. */
  get complete(): boolean {
    return this.lanes.every((lane) => lane.done || lane.splits.length === 0);
  }

  get mailboxes(): readonly MailboxSample[] {
    return [this.#blocks, this.#chunks, this.#results, ...this.#deliveries.values()].map(({ name, stats }) => ({
      name,
      bytes: stats.bytes,
      records: stats.records,
    }));
  }

  /** Ends every wait of every actor with this error. */
  abort(error: unknown): void {
    for (const box of [this.#blocks, this.#chunks, this.#results, ...this.#deliveries.values()]) box.abort(error);
    this.#window.abort(error);
    for (const { turns } of this.lanes) turns.abort(error);
  }

  reader(): Actor {
    const { execution, source, meters, sinks, arena } = this.#parts;
    return new Reader({
      source,
      lanes: this.lanes,
      positions: this.#beginnings.positions,
      blocks: this.#blocks,
      arena,
      budget: this.#account,
      blockBytes: this.#blockBytes,
      estimateOutput: (bytes) => this.#estimate.index(bytes) + sinks.length * this.#estimate.output(bytes),
      meter: meters.source,
      patience: { ...execution, policy: execution.bound.plan.job.retry, stage: "source" },
      emit: execution.emit,
    });
  }

  chunker(): Actor {
    const { execution, meters, sinks } = this.#parts;
    const { plan } = execution.bound;
    return new Chunker({
      splitter: execution.splitter,
      lanes: this.lanes.length,
      maxRecordBytes: plan.decode.maxRecordBytes,
      maxRecords: plan.job.chunk.kind === "records" ? plan.job.chunk.records : null,
      sinks: sinks.map(({ name }) => name),
      headStarts: this.#beginnings.headStarts,
      blocks: this.#blocks,
      chunks: this.#chunks,
      meter: meters.chunker,
      emit: execution.emit,
    });
  }

  workerPool(): Actor {
    const { execution, source, meters, sinks, runner } = this.#parts;
    const fields = source.splits.flatMap(({ id, fields: names }) => (names ? [[id, names] as const] : []));
    return new WorkerPool({
      runner,
      sinks: sinks.map(({ name }) => name),
      lanes: this.lanes,
      fields: new Map(fields),
      chunks: this.#chunks,
      results: this.#results,
      window: this.#window,
      estimate: this.#estimate,
      columns: new ColumnAgreement({
        known: execution.columns,
        needed: sinks.flatMap(({ name, bound }) => (needsColumns(bound.encode) ? [name] : [])),
        keep: async (columns) => {
          for (const { name, bound } of sinks) assertKnown(bound.label, columns[name] ?? [], bound.known);
          await execution.keepColumns(columns);
        },
      }),
      meter: meters.workers,
      emit: execution.emit,
    });
  }

  aggregator(): Actor {
    const { execution, meters } = this.#parts;
    const { row } = execution.run;
    return new Aggregator({
      job: row.job,
      run: row.id,
      scope: row.scope,
      lanes: this.lanes,
      ...this.#beginnings,
      results: this.#results,
      sinks: this.#deliveries,
      window: this.#window,
      clock: execution.clock,
      meter: meters.aggregator,
      emit: execution.emit,
    });
  }

  writer({ name, writer, placement, book, bound }: OpenSink): Actor {
    const { execution, meters, moves } = this.#parts;
    const recent = this.#parts.recent?.get(name);
    const { commit, retry } = execution.bound.plan.job;
    return new Writer({
      sink: name,
      writer,
      placement,
      book,
      inbox: this.#deliveries.get(name) as Mailbox<Delivery>,
      columns: () => bound.encode.columns?.map((column) => column.name) ?? execution.columns[name] ?? null,
      commit,
      limits: execution.limits,
      ...(recent && { recent }),
      retry,
      budget: execution.budget,
      account: this.#account,
      isComplete: () => this.complete,
      clock: execution.clock,
      random: execution.random,
      meter: meters.sinks.get(name) as StageMeter,
      emit: execution.emit,
      ...(moves && { moves }),
      onCommitted: (progress) => {
        execution.onCommitted(name, progress);
        this.#durable.note(name, progress);
      },
    });
  }
}

/**
 * Calls may wait for something outside, and of a live source for as long as one partition's records do: it is not given
 * the last of the places in the threads.
 */
function mostOfALane({ execution: { bound, threads }, recent }: FlowParts): number | undefined {
  const mayWait = recent !== null && bound.plan.transform?.mode === "async";
  return mayWait ? Math.max(1, CHUNKS_A_THREAD * threads - 1) : undefined;
}

function mailbox<T>(name: string, maxBytes: number, bytesOf: (item: T) => number): Mailbox<T> {
  return new Mailbox({
    name,
    maxRecords: maxBytes === Number.POSITIVE_INFINITY ? maxBytes : MOST_WAITING,
    maxBytes,
    weigh: (item) => ({ records: 1, bytes: bytesOf(item) }),
  });
}

function blockBytes(block: Block): number {
  return block.kind === "bytes" ? block.end - block.begin : (block.frames?.bytes ?? 0);
}

/** Where little of a record is written, what it was read from weighs more, and waits with it. */
function deliveryBytes({ chunk, output }: Delivery): number {
  return Math.max(output.bytes.byteLength, chunk.end - chunk.begin);
}

function needsColumns({ columns, needsColumns: needed }: OpenSink["bound"]["encode"]): boolean {
  return needed && columns === null;
}

/** A split is held to what it was when the run first saw it, not to what it is now. */
function asFirstSeen(splits: readonly SplitPlan[], sinks: readonly OpenSink[]): readonly SplitPlan[] {
  // A sink that was added later has seen it last.
  const rows = sinks
    .flatMap(({ book }) => book.rows)
    .toSorted((a, b) => Number(a.position.ordinal - b.position.ordinal));
  const seen = new Map(
    rows.flatMap(({ split, fingerprint }) => (fingerprint === undefined ? [] : [[split, fingerprint]])),
  );
  return splits.map((split) => {
    const fingerprint = seen.get(split.id);
    return fingerprint === undefined ? split : { ...split, fingerprint };
  });
}

/** @throws MillraceError COLUMN_UNKNOWN when the records have a field for which the sink has no column */
function assertKnown(label: string, columns: readonly string[], known: readonly string[] | undefined): void {
  const unknown = known === undefined ? [] : columns.filter((column) => !known.includes(column));
  if (known === undefined || unknown.length === 0) return;
  const [first = ""] = unknown;
  const nearest = nearestName(first, known);
  throw new MillraceError(
    "COLUMN_UNKNOWN",
    `${label} has no column ${unknown.map((name) => `"${name}"`).join(", ")}; it has ${known.join(", ") || "none"}` +
      (nearest === undefined ? "" : ` (nearest: ${nearest})`) +
      ". Name the columns to write in sink.columns, or let the transform leave the others out",
  );
}
