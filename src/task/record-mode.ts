/** Mode record: the function sees one record after another, as soon as it is read. */
import { HeldChunk } from "./held-chunk.ts";
import type { ChunkWork, Mode, Verdicts } from "./mode.ts";
import type { Outcome } from "./outcome.ts";
import type { RecordContext } from "./transform-context.ts";
import type { ChunkPlace } from "./transform-context.ts";
import { identity, type Transformer } from "./transformer.ts";

/** Calls a transformer with one record at a time. */
export class RecordMode implements Mode {
  readonly #transform: Transformer;
  readonly #context: RecordContext;
  readonly passes: boolean;

  /** @param context the one that `transform` hands to the user's function */
  constructor(transform: Transformer, context: RecordContext) {
    this.#transform = transform;
    this.#context = context;
    this.passes = transform === identity;
  }

  readonly judge = (read: unknown, record: number): Outcome => {
    this.#context.at(record);
    return this.#transform(read);
  };

  enter(place: ChunkPlace): void {
    this.#context.enter(place);
  }

  judgeAll(work: ChunkWork): Verdicts {
    const chunk = new HeldChunk(work, { gate: null, route: null });
    this.enter(work.place);
    for (const { record, input } of chunk.held) {
      work.progress.at(record);
      chunk.settle(record, this.judge(input, record));
    }
    return chunk;
  }
}
