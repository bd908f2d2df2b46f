/** The chunker: turns the reader's blocks into chunks of whole records. */
import type { Chunk } from "../core/chunk.ts";
import type { Splitter } from "../core/ports/format.ts";
import type { Actor } from "../runtime/actor.ts";
import type { Mailbox } from "../runtime/mailbox.ts";
import type { HeadStarts } from "./head-starts.ts";
import { LaneCutter } from "./lane-cutter.ts";
import type { Block, Emit } from "./messages.ts";
import type { StageMeter } from "./stage-meter.ts";

/** What a {@link Chunker} needs. */
export interface ChunkerOptions {
  readonly splitter: Splitter;
  readonly lanes: number;
  readonly maxRecordBytes: number;
  readonly maxRecords: number | null;
  readonly sinks: readonly string[];
  readonly headStarts: HeadStarts;
  readonly blocks: Mailbox<Block>;
  readonly chunks: Mailbox<Chunk>;
  readonly meter: StageMeter;
  readonly emit: Emit;
}

/** Works until the reader's mailbox is closed and empty. */
export class Chunker implements Actor {
  readonly #options: ChunkerOptions;
  readonly #cutters: readonly LaneCutter[];

  constructor(options: ChunkerOptions) {
    this.#options = options;
    this.#cutters = Array.from({ length: options.lanes }, (_, lane) => new LaneCutter({ ...options, lane }));
  }

  async run(): Promise<void> {
    const { blocks, chunks, meter } = this.#options;
    for (
      let block = await meter.input(blocks.receive());
      block !== undefined;
      block = await meter.input(blocks.receive())
    ) {
      await this.#cut(block);
    }
    for (const cutter of this.#cutters) cutter.close();
    chunks.close();
  }

  async #cut(block: Block): Promise<void> {
    const { chunks, meter, emit } = this.#options;
    for (const chunk of meter.work(() => this.#chunksOf(block))) {
      emit({ kind: "chunk-cut", split: chunk.split, bytes: chunk.end - chunk.begin });
      if (!chunks.trySend(chunk)) await meter.output(chunks.send(chunk));
    }
    block.memory.release();
  }

  #chunksOf(block: Block): readonly Chunk[] {
    const cutter = this.#cutters[block.lane] as LaneCutter;
    return block.kind === "bytes" ? [...cutter.bytes(block)] : [cutter.frames(block)];
  }
}
