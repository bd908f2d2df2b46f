/**
 * The aggregator: puts results back in order, holds every chunk to what its thread found, and gives each sink its share.
 *
 * Only here is a record's ordinal known: it is the sum of the records of all chunks before. A chunk whose last record did
 * not end where the splitter cut makes the lane rewind to the true end.
 */
import { MillraceError } from "../core/errors.ts";
import type { Chunk } from "../core/chunk.ts";
import type { Clock } from "../core/clock.ts";
import type { Position } from "../core/position.ts";
import type { ChunkReject, Reject } from "../core/reject.ts";
import type { ChunkResult } from "../core/result.ts";
import type { Actor } from "../runtime/actor.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import { type ChunkShare, shareFrom } from "./chunk-share.ts";
import type { HeadStarts } from "./head-starts.ts";
import type { Lane } from "./lane.ts";
import type { Delivery, Emit, Processed } from "./messages.ts";
import { RefusedRows } from "./refused-rows.ts";
import type { StageMeter } from "./stage-meter.ts";
import type { Window } from "./window.ts";

/** What an {@link Aggregator} needs. */
export interface AggregatorOptions {
  readonly job: string;
  readonly run: string;
  readonly scope: string;
  readonly lanes: readonly Lane[];
  /** Where each split goes on. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly headStarts: HeadStarts;
  readonly results: Mailbox<Processed>;
  readonly sinks: ReadonlyMap<string, Mailbox<Delivery>>;
  readonly window: Window;
  readonly clock: Clock;
  readonly meter: StageMeter;
  readonly emit: Emit;
}

/** Works until the pool's mailbox is closed and empty. */
export class Aggregator implements Actor {
  readonly #options: AggregatorOptions;
  readonly #lanes: readonly LaneOrder[];
  readonly #positions: Map<string, Position>;

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#lanes = options.lanes.map((lane) => new LaneOrder(lane));
    this.#positions = new Map(options.positions);
  }

  async run(): Promise<void> {
    const { results, sinks, meter } = this.#options;
    for (
      let next = await meter.input(results.receive());
      next !== undefined;
      next = await meter.input(results.receive())
    ) {
      await this.#take(next);
    }
    for (const order of this.#lanes) order.clear((chunk) => chunk.memory.release());
    for (const mailbox of sinks.values()) mailbox.close();
  }

  async #take(processed: Processed): Promise<void> {
    const order = this.#lanes[processed.chunk.lane] as LaneOrder;
    order.add(processed);
    for (let due = order.due(); due !== undefined; due = order.due()) {
      this.#options.window.leave();
      order.lane.turns.leave();
      if (due.result === null || due.chunk.generation < order.lane.generation) due.chunk.memory.release();
      else await this.#pass(order.lane, due.chunk, due.result);
    }
  }

  async #pass(lane: Lane, chunk: Chunk, result: ChunkResult): Promise<void> {
    const { sinks, meter } = this.#options;
    for (const delivery of meter.work(() => this.#judge(lane, chunk, result))) {
      const mailbox = sinks.get(delivery.sink) as Mailbox<Delivery>;
      if (!mailbox.trySend(delivery)) await meter.output(mailbox.send(delivery));
    }
    chunk.memory.release();
  }

  /** Takes a result that is next in order into account; what every sink is to get of it. */
  #judge(lane: Lane, chunk: Chunk, result: ChunkResult): readonly Delivery[] {
    const from = this.#positionOf(chunk, lane);
    const to = positionBehind(chunk, result, from);
    this.#positions.set(chunk.split, to);
    this.#verify(lane, chunk, result, to);
    const shares = this.#sharesOf(chunk, result, from, to);
    this.#tell(chunk, result, this.#newRejects(chunk, result, from, shares), shares);
    return this.#deliveriesOf(chunk, result, from, to, shares);
  }

  #positionOf(chunk: Chunk, lane: Lane): Position {
    const known = this.#positions.get(chunk.split);
    if (known !== undefined) return known;
    const split = lane.splits[lane.indexOf(chunk.split)];
    if (split === undefined) throw new MillraceError("INVARIANT", `a chunk of the unknown split ${chunk.split}`);
    return { ordinal: 0n, token: split.origin, ...(split.originLine === undefined ? {} : { line: split.originLine }) };
  }

  /** Where the chunk was cut too late the lane is rewound; where the lane ends it is told so. */
  #verify(lane: Lane, chunk: Chunk, result: ChunkResult, to: Position): void {
    const bytes = chunk.end - chunk.begin;
    const splitIndex = lane.indexOf(chunk.split);
    const left = bytes - result.end;
    if (left === 0 || chunk.growing === true) {
      if (chunk.final) this.#options.emit({ kind: "split-ended", split: chunk.split });
      if (chunk.final && splitIndex === lane.splits.length - 1) lane.finish();
      return;
    }
    if (chunk.final) {
      throw new MillraceError("INVARIANT", `${chunk.split}: the decoder left ${left} bytes of the last chunk`);
    }
    // What is left held no whole record, so as many bytes will not do.
    lane.rewind({ splitIndex, opening: { position: to, moreThanBytes: left } });
    this.#options.emit({ kind: "rewound", split: chunk.split, token: to.token, dropped: left });
  }

  /** A record that another sink has passed was told then; what a sink itself refuses is told when its share comes. */
  #newRejects(
    chunk: Chunk,
    { rejects }: ChunkResult,
    from: Position,
    shares: readonly ChunkShare[],
  ): readonly ChunkReject[] {
    const ahead = this.#options.headStarts.get(chunk.split);
    if (ahead === undefined) return rejects;
    const told = [...ahead.values()].reduce((most, { ordinal }) => (ordinal > most ? ordinal : most), 0n);
    return rejects.filter((reject) =>
      reject.sink === undefined
        ? from.ordinal + BigInt(reject.record) >= told
        : shares.some((share) => share.rejects.includes(reject)),
    );
  }

  #tell(
    chunk: Chunk,
    { records, end }: ChunkResult,
    rejects: readonly ChunkReject[],
    shares: readonly ChunkShare[],
  ): void {
    const { emit } = this.#options;
    const sinks = shares.length === this.#options.sinks.size ? {} : { sinks: shares.map(({ output }) => output.sink) };
    emit({ kind: "chunk-done", split: chunk.split, records, bytes: end, rejected: rejects.length, ...sinks });
    const groups = Map.groupBy(rejects, ({ stage, code, sink }) => `${stage} ${code} ${sink ?? ""}`);
    for (const [first, ...others] of groups.values()) {
      if (first === undefined) continue;
      const { stage, code, message, sink = null } = first;
      const line = chunk.firstLine === undefined ? null : chunk.firstLine + first.line;
      emit({ kind: "rejected", stage, code, sink, count: 1 + others.length, message, split: chunk.split, line });
    }
  }

  #deliveriesOf(
    chunk: Chunk,
    result: ChunkResult,
    from: Position,
    to: Position,
    shares: readonly ChunkShare[],
  ): readonly Delivery[] {
    // One object a reject, whichever sinks it is told.
    const rejects = new Map(result.rejects.map((reject) => [reject, this.#rejectOf(chunk, from, reject)]));
    return shares.map((share) => {
      const refusedRows = new RefusedRows(chunk, result.spans, share.output.sink);
      return {
        sink: share.output.sink,
        split: chunk.split,
        chunk,
        output: share.output,
        from: to.ordinal - BigInt(share.read),
        chunkFrom: from.ordinal,
        to,
        read: share.read,
        filtered: share.output.filtered,
        folded: result.folded,
        rejects: share.rejects.map((reject) => rejects.get(reject) as Reject),
        rejectRow: (refused) => this.#rejectOf(chunk, from, refusedRows.reject(refused)),
        release: () => chunk.memory.release(),
      };
    });
  }

  /** What of a chunk each sink is to get; every share holds the chunk's memory by itself. */
  #sharesOf(chunk: Chunk, result: ChunkResult, from: Position, to: Position): readonly ChunkShare[] {
    const ahead = this.#options.headStarts.get(chunk.split);
    const shares: ChunkShare[] = [];
    if (result.records === 0) return shares;
    for (const output of result.outputs) {
      const start = ahead?.get(output.sink)?.ordinal ?? from.ordinal;
      if (start >= to.ordinal) continue;
      const rejects = result.rejects.filter(({ sink = output.sink }) => sink === output.sink);
      const whole = { output, rejects, read: result.records };
      shares.push(start <= from.ordinal ? whole : shareFrom(whole, Number(start - from.ordinal)));
      chunk.memory.retain();
    }
    return shares;
  }

  #rejectOf(chunk: Chunk, from: Position, { record, offset, line, ...rest }: ChunkReject): Reject {
    const { job, run, scope, clock } = this.#options;
    const token = chunk.tokens.of?.(record) ?? chunk.tokens.at(offset, record);
    return {
      job,
      run,
      scope,
      split: chunk.split,
      position: { ordinal: from.ordinal + BigInt(record), token },
      ...(chunk.firstLine === undefined ? {} : { line: chunk.firstLine + line }),
      ...rest,
      attempts: 1,
      at: new Date(clock.now()).toISOString(),
    };
  }
}

/** One lane's results, waiting for those before them. */
class LaneOrder {
  readonly lane: Lane;
  readonly #waiting = new Map<string, Processed>();
  #generation = 0;
  #seq = 0;

  constructor(lane: Lane) {
    this.lane = lane;
  }

  add(processed: Processed): void {
    this.#waiting.set(keyOf(processed.chunk), processed);
  }

  /** What is to be taken next: anything that a rewind made stale, in any order, else the next result in order. */
  due(): Processed | undefined {
    if (this.#generation !== this.lane.generation) {
      this.#generation = this.lane.generation;
      this.#seq = 0;
    }
    const key = this.#staleKey() ?? `${this.#generation}:${this.#seq}`;
    const next = this.#waiting.get(key);
    if (next === undefined) return undefined;
    this.#waiting.delete(key);
    if (next.chunk.generation === this.#generation) this.#seq++;
    return next;
  }

  clear(drop: (chunk: Chunk) => void): void {
    for (const { chunk } of this.#waiting.values()) drop(chunk);
    this.#waiting.clear();
  }

  #staleKey(): string | undefined {
    for (const [key, { chunk }] of this.#waiting) if (chunk.generation < this.#generation) return key;
    return undefined;
  }
}

function keyOf({ generation, seq }: Chunk): string {
  return `${generation}:${seq}`;
}

function positionBehind(chunk: Chunk, result: ChunkResult, from: Position): Position {
  const whole = result.end === chunk.end - chunk.begin;
  const lines = result.lines + (whole && chunk.to !== null ? 1 : 0);
  return {
    ordinal: from.ordinal + BigInt(result.records),
    token: whole && chunk.to !== null ? chunk.to : chunk.tokens.at(result.end, result.records),
    ...(chunk.firstLine === undefined ? {} : { line: chunk.firstLine + lines }),
  };
}
