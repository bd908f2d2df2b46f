/** Blocks for the chunker's tests, over real lent memory. */
import { type ChunkMemory, MemoryArena } from "../../src/actors/chunk-memory.ts";
import type { CutterOptions } from "../../src/actors/lane-cutter.ts";
import type { BlockPlace, ByteContent, FrameContent, Opening } from "../../src/actors/messages.ts";
import type { Chunk } from "../../src/core/chunk.ts";
import type { DecodeSpec, Splitter } from "../../src/core/ports/format.ts";
import type { SplitPlan } from "../../src/core/ports/source.ts";
import { csvFormat } from "../../src/formats/csv/index.ts";
import { BufferPool } from "../../src/runtime/buffer-pool.ts";
import { MemoryBudget } from "../../src/runtime/memory-budget.ts";

/** What a block may be told beside its bytes. */
export interface BlockOptions {
  readonly split?: SplitPlan;
  readonly generation?: number;
  readonly lane?: number;
  readonly opens?: Opening | null;
  readonly final?: boolean;
  /** Bytes before the block's own. */
  readonly headroom?: number;
}

/** Memory as a run has it, with what is still lent. */
export class LentBlocks {
  readonly buffers = new BufferPool({ maxIdleBytes: 1024 * 1024 });
  readonly arena = new MemoryArena(this.buffers);
  readonly budget = new MemoryBudget({ limitBytes: 1024 * 1024 * 1024 });
  readonly #account = this.budget.account("test");

  /** Buffers that did not come back. */
  get lent(): number {
    return this.buffers.stats.inUse;
  }

  memory(bytes: number): ChunkMemory {
    const reservation = this.#account.tryReserve(bytes);
    if (reservation === undefined) throw new RangeError("the budget of a test is spent");
    return this.arena.take(bytes, reservation);
  }

  bytes(content: string | Uint8Array, options: BlockOptions = {}): BlockPlace & ByteContent {
    const { headroom = 16, final = false } = options;
    const bytes = Buffer.from(content);
    const memory = this.memory(headroom + bytes.length);
    memory.bytes.set(bytes, headroom);
    return { ...placeOf(options), kind: "bytes", memory, begin: headroom, end: headroom + bytes.length, final };
  }

  /** Each text is a record; the word behind record i is `i + 1`, counted from `first`. */
  frames(records: readonly string[] | null, first: number, options: BlockOptions = {}): BlockPlace & FrameContent {
    const { final = false } = options;
    const bytes = Buffer.from((records ?? []).join(""));
    const memory = this.memory(Math.max(1, bytes.length));
    memory.bytes.set(bytes);
    const ends = Int32Array.from((records ?? []).map((_, i, all) => Buffer.byteLength(all.slice(0, i + 1).join(""))));
    const tokens = { after: (record: number) => `after ${first + record}` };
    const frames = records === null ? null : { memory, bytes: bytes.length, ends, tokens, meta: { keys: records } };
    return { ...placeOf(options), kind: "frames", memory, frames, final };
  }
}

export const SPLIT: SplitPlan = { id: "a.csv", origin: "0" };

/** The begin of a split, at its first byte and line. */
export const FROM_START: Opening = { position: { ordinal: 0n, token: "0", line: 1 }, moreThanBytes: 0 };

function placeOf({ split = SPLIT, generation = 0, lane = 0, opens = null }: BlockOptions): BlockPlace {
  return { split, generation, lane, opens };
}

/** A decode spec of CSV without a header, with fields a and b. */
export function csvSpec(maxRecordBytes = 1000): DecodeSpec {
  return { format: "csv", options: { header: ["a", "b"] }, columns: {}, maxRecordBytes };
}

/** Options of a cutter of CSV with long records allowed. */
export function cutterOptions(change: Partial<CutterOptions> = {}): CutterOptions {
  const headStarts = new Map();
  const splitter = csvSplitterOf();
  return { lane: 0, splitter, maxRecordBytes: 1000, maxRecords: null, sinks: ["sink"], headStarts, ...change };
}

function csvSplitterOf(): Splitter {
  return csvFormat.splitter(csvSpec());
}

/** A chunk's bytes as text. */
export function textOf({ memory, begin, end }: Chunk): string {
  return Buffer.from(memory.bytes.slice(begin, end)).toString();
}
