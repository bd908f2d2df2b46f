/**
 * The reader: fills buffers from the source, lane by lane, and waits for memory before each.
 *
 * It is the only place where a run waits for the memory budget. It reads ahead of everybody else; when a lane is rewound
 * it drops what it was doing and opens the split again at the position it is told.
 */
import { onAbort } from "../core/abort.ts";
import { abortError } from "../core/clock.ts";
import { isMillraceError } from "../core/errors.ts";
import type { Position } from "../core/position.ts";
import type { BoundSource, ByteReader, FrameBatch, FrameReader, SplitPlan, SplitReader } from "../core/ports/source.ts";
import type { Actor, ActorContext } from "../runtime/actor.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import type { BudgetAccount } from "../runtime/memory-budget.ts";
import type { ChunkMemory, MemoryArena } from "./chunk-memory.ts";
import type { Lane, LaneStart } from "./lane.ts";
import type { Block, ByteContent, Emit, FrameContent, Opening } from "./messages.ts";
import { Outage, type OutageOptions } from "./outage.ts";
import type { StageMeter } from "./stage-meter.ts";

/** Room before a block for the tail of the one before, at most; a longer tail is copied into a larger buffer. */
const MAX_HEADROOM_BYTES = 64 * 1024;

/** A split may have grown since it was planned, so what lies behind its end is not read byte by byte. */
const BEYOND_END_BYTES = 64 * 1024;

/** What a {@link Reader} needs. */
export interface ReaderOptions {
  readonly source: BoundSource;
  readonly lanes: readonly Lane[];
  /** Where each split goes on. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly blocks: Mailbox<Block>;
  readonly arena: MemoryArena;
  readonly budget: BudgetAccount;
  /** Size of a block's buffer, the room for a tail included. */
  readonly blockBytes: number;
  /** Bytes that a block's outputs will take, by what earlier blocks took. */
  readonly estimateOutput: (inputBytes: number) => number;
  readonly meter: StageMeter;
  /** How long a source that is away for a moment is waited for. */
  readonly patience: OutageOptions;
  readonly emit: Emit;
}

/** Where one lane's reading stands while it lasts. */
interface Stretch {
  readonly lane: Lane;
  readonly generation: number;
  readonly split: SplitPlan;
  opens: Opening | null;
}

/** The actor at the head of the flow. Ends when every lane is done, or at once when asked to stop. */
export class Reader implements Actor {
  readonly #options: ReaderOptions;
  readonly #begun = new Set<string>();
  readonly #headroom: number;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#headroom = Math.min(MAX_HEADROOM_BYTES, Math.floor(options.blockBytes / 4));
  }

  async run({ stopping }: ActorContext): Promise<void> {
    await this.#readLanes(stopping);
    this.#options.blocks.close();
  }

  /** When one lane fails the others end first: nobody may read on into memory that the next flow will have. */
  async #readLanes(stopping: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const ending = AbortSignal.any([stopping, failed.signal]);
    const lanes = this.#options.lanes.map(async (lane) => {
      try {
        await this.#readLane(lane, ending);
      } catch (thrown) {
        failed.abort(thrown);
        throw thrown;
      }
    });
    await Promise.allSettled(lanes);
    await Promise.all(lanes);
  }

  async #readLane(lane: Lane, stopping: AbortSignal): Promise<void> {
    let start: LaneStart | null = this.#beginning(lane);
    while (start !== null && !stopping.aborted) {
      await this.#readFrom(lane, start, stopping);
      start = lane.takeRewind() ?? (await this.#nextWord(lane, stopping));
    }
  }

  #beginning(lane: Lane): LaneStart | null {
    return lane.splits.length === 0 ? null : { splitIndex: 0, opening: this.#opening(lane.splits[0] as SplitPlan) };
  }

  #opening(split: SplitPlan): Opening {
    const origin = {
      ordinal: 0n,
      token: split.origin,
      ...(split.originLine === undefined ? {} : { line: split.originLine }),
    };
    return { position: this.#options.positions.get(split.id) ?? origin, moreThanBytes: 0 };
  }

  /** Everything is read; it is done when the threads have confirmed it, and until then a rewind may come. */
  async #nextWord(lane: Lane, stopping: AbortSignal): Promise<LaneStart | null> {
    const stopped = Promise.withResolvers<void>();
    using _stopping = onAbort(stopping, stopped.resolve);
    await this.#options.meter.output(Promise.race([lane.word(), stopped.promise]));
    return lane.takeRewind();
  }

  async #readFrom(lane: Lane, start: LaneStart, stopping: AbortSignal): Promise<void> {
    const generation = lane.generation;
    let opening = start.opening;
    for (let index = start.splitIndex; index < lane.splits.length; index++) {
      const split = lane.splits[index] as SplitPlan;
      if (index > start.splitIndex) opening = this.#opening(split);
      await this.#readSplit({ lane, generation, split, opens: opening }, stopping);
      if (stopping.aborted || lane.generation !== generation) return;
    }
  }

  async #readSplit(stretch: Stretch, stopping: AbortSignal): Promise<void> {
    const { source, meter } = this.#options;
    const { split } = stretch;
    const position = (stretch.opens as Opening).position;
    this.#tellStarted(split);
    const open = (): Promise<SplitReader> => source.open(split, position, stopping);
    await using reader = await meter.busy(() => this.#patiently(open, stopping));
    if (reader === null) return;
    if (reader.kind === "bytes") await this.#readBytes(stretch, reader, stopping);
    else await this.#readFrames(stretch, reader, stopping);
  }

  /** Once a split, however often it is opened again. */
  #tellStarted({ id, bytes }: SplitPlan): void {
    if (this.#begun.has(id)) return;
    this.#begun.add(id);
    this.#options.emit({ kind: "split-started", split: id, bytes: bytes ?? null });
  }

  async #readBytes(stretch: Stretch, reader: ByteReader, stopping: AbortSignal): Promise<void> {
    let left = stretch.split.bytes === undefined ? Infinity : stretch.split.bytes - this.#consumed(stretch);
    for (let final = false; !final && this.#goesOn(stretch, stopping); ) {
      const wanted = left > 0 ? left + 1 : BEYOND_END_BYTES;
      // No tail comes before a stretch's first block: the buffer of a small file is as small as the file.
      const begin = stretch.opens !== null && wanted <= this.#options.blockBytes ? 0 : this.#headroom;
      const limit = Math.min(this.#options.blockBytes, begin + wanted);
      const memory = await this.#admit(limit, stopping);
      if (memory === null) return;
      const filled = await this.#options.meter.busy(() =>
        this.#fill(reader, memory.bytes.subarray(0, limit), begin, stopping),
      );
      if (filled === null) return memory.release();
      const { end } = filled;
      final = filled.final;
      left = Math.max(0, left - (end - begin));
      await this.#send(stretch, { kind: "bytes", memory, begin, end, final });
    }
  }

  /** Bytes of the split that lie before the stretch, for the size of its last buffer only. */
  #consumed({ opens, split }: Stretch): number {
    const offset = Number(opens?.position.token ?? split.origin);
    return Number.isFinite(offset) ? offset : 0;
  }

  async #readFrames(stretch: Stretch, reader: FrameReader, stopping: AbortSignal): Promise<void> {
    for (let final = false; !final && this.#goesOn(stretch, stopping); ) {
      if (!(await this.#mayRead(stretch.lane, stopping))) return;
      const leased: ChunkMemory[] = [];
      const frames = await this.#nextFrames(reader, leased, stopping);
      if (stopping.aborted) return;
      final = frames === null;
      const memory = leased[0] ?? (await this.#admit(0, stopping));
      if (memory === null) return;
      await this.#send(stretch, { kind: "frames", memory, frames, final });
    }
  }

  /** Waits for the lane's turn; false when asked to stop meanwhile. */
  async #mayRead({ turns }: Lane, stopping: AbortSignal): Promise<boolean> {
    try {
      await this.#options.meter.output(turns.enter(stopping));
      return true;
    } catch (thrown) {
      if (stopping.aborted) return false;
      throw thrown;
    }
  }

  /** @param leased takes the memory of the frames; null at the end, or when asked to stop */
  async #nextFrames(reader: FrameReader, leased: ChunkMemory[], stopping: AbortSignal): Promise<FrameBatch | null> {
    const lease = async (bytes: number): Promise<ChunkMemory> => {
      // A source that answers late may be heard by nobody any more.
      if (stopping.aborted) throw abortError(stopping);
      const memory = await this.#reserve(bytes, stopping);
      leased.push(memory);
      return memory;
    };
    const read = (): Promise<FrameBatch | undefined> => reader.read(this.#options.blockBytes, lease);
    try {
      return (await this.#options.meter.input(this.#patiently(read, stopping))) ?? null;
    } catch (thrown) {
      if (stopping.aborted) return null;
      throw thrown;
    }
  }

  /** Reads until the memory is full or the end; null when asked to stop meanwhile. */
  async #fill(
    reader: ByteReader,
    bytes: Uint8Array,
    begin: number,
    stopping: AbortSignal,
  ): Promise<{ readonly end: number; readonly final: boolean } | null> {
    let end = begin;
    while (end < bytes.byteLength) {
      const into = bytes.subarray(end);
      const read = await this.#patiently(() => reader.read(into), stopping);
      if (read === null) return null;
      if (read === 0) return { end, final: true };
      end += read;
    }
    return { end, final: false };
  }

  /** Does it as often as it takes while the source is away; null when asked to stop meanwhile. */
  async #patiently<T>(work: () => Promise<T>, stopping: AbortSignal): Promise<T | null> {
    for (let outage: Outage | null = null; ; ) {
      try {
        return await work();
      } catch (thrown) {
        if (!isMillraceError(thrown, "SOURCE_UNAVAILABLE")) throw thrown;
        outage ??= new Outage(this.#options.patience);
        await outage.pause(thrown, stopping).catch(unless(stopping));
      }
      if (stopping.aborted) return null;
    }
  }

  #goesOn({ lane, generation }: Stretch, stopping: AbortSignal): boolean {
    return !stopping.aborted && lane.generation === generation;
  }

  /** Waits for memory; null when asked to stop meanwhile. */
  async #admit(inputBytes: number, stopping: AbortSignal): Promise<ChunkMemory | null> {
    try {
      return await this.#reserve(inputBytes, stopping);
    } catch (thrown) {
      if (stopping.aborted) return null;
      throw thrown;
    }
  }

  /** Waits for memory, and for no longer than until it is asked to stop. */
  async #reserve(inputBytes: number, stopping: AbortSignal): Promise<ChunkMemory> {
    const { budget, arena, meter, estimateOutput } = this.#options;
    const bytes = inputBytes + estimateOutput(inputBytes);
    const reservation = budget.tryReserve(bytes) ?? (await meter.output(budget.reserve(bytes, stopping)));
    return arena.take(inputBytes, reservation);
  }

  async #send(stretch: Stretch, content: ByteContent | FrameContent): Promise<void> {
    const { lane, generation, split, opens } = stretch;
    stretch.opens = null;
    await this.#options.meter.output(
      this.#options.blocks.send({ lane: lane.number, generation, split, opens, ...content }),
    );
  }
}

/** Whoever was asked to stop meanwhile does not care how the wait ended. */
function unless(stopping: AbortSignal): (thrown: unknown) => void {
  return (thrown) => {
    if (!stopping.aborted) throw thrown;
  };
}
