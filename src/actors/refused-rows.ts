/** Rejects of records that the sink itself refused: their bytes are cut out of the chunk, which is held until the commit. */
import type { Chunk } from "../core/chunk.ts";
import type { WriteReject } from "../core/ports/sink.ts";
import { type ChunkReject, encodeRaw } from "../core/reject.ts";

const LINE_FEED = 10;

/** One chunk's, for one sink. */
export class RefusedRows {
  readonly #chunk: Chunk;
  readonly #spans: Int32Array;
  readonly #sink: string;
  /** So many line feeds lie before this offset: going on from there is cheaper than beginning anew. */
  #counted = { offset: 0, lines: 0 };

  /** @param spans where each record begins and ends in the chunk */
  constructor(chunk: Chunk, spans: Int32Array, sink: string) {
    this.#chunk = chunk;
    this.#spans = spans;
    this.#sink = sink;
  }

  /** The reject of one of them; in the order of their records it is quickest. */
  reject(refused: WriteReject): ChunkReject {
    const offset = this.#spans[2 * refused.record] ?? 0;
    const stop = this.#spans[2 * refused.record + 1] ?? offset;
    const { memory, begin, end } = this.#chunk;
    const bytes = memory.bytes.subarray(begin, end);
    const line = this.#linesBefore(offset, bytes);
    return { ...refused, offset, line, stage: "write", sink: this.#sink, ...encodeRaw(bytes.subarray(offset, stop)) };
  }

  #linesBefore(offset: number, bytes: Uint8Array): number {
    const known = this.#counted.offset <= offset ? this.#counted : { offset: 0, lines: 0 };
    let { lines } = known;
    for (let at = bytes.indexOf(LINE_FEED, known.offset); at !== -1 && at < offset; lines++) {
      at = bytes.indexOf(LINE_FEED, at + 1);
    }
    this.#counted = { offset, lines };
    return lines;
  }
}
