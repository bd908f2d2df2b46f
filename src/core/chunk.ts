/** Records that travel together, as bytes. */

/** How the records of a chunk lie in its bytes. */
export type Framing =
  /** Behind each other with the format's own separators; the decoder finds the borders. */
  | { readonly kind: "delimited" }
  /** Behind each other without separators; record i ends at `ends[i]`. */
  | { readonly kind: "framed"; readonly ends: Int32Array };

/** What a framed source knows of its records beside their bytes, as columns over the chunk's records. */
export interface ChunkMeta {
  readonly keys?: readonly (string | null)[];
  readonly timestamps?: Float64Array;
  readonly offsets?: BigInt64Array;
  /** The same for all of them. */
  readonly partition?: number;
  readonly headers?: readonly (Readonly<{ [name: string]: string }> | null)[];
  /** Of records that once stood in a text file and are no messages: their lines there, NaN for none. */
  readonly lines?: Float64Array;
}

/** Memory lent to a chunk; see runtime/buffer-pool. */
export interface SharedBytes {
  readonly bytes: Uint8Array;
  retain(): this;
  release(): void;
}

/** Turns places inside a chunk into the source's resume words; lives on the main thread only. */
export interface TokenMap {
  /**
   * @param offset bytes of the chunk that lie before the place
   * @param record records of the chunk that lie before the place
   */
  at(offset: number, record: number): string;
  /** The word that names a record by itself, however the chunk was cut, where that is not the place before it. */
  of?(record: number): string;
}

/** A chunk on its way from the chunker to the writers. */
export interface Chunk {
  /** Number of the chunk in its lane; results are put back in this order. */
  readonly seq: number;
  /** One for `order: source`; one for each split that is read side by side with `order: none`. */
  readonly lane: number;
  /** Counts the rewinds of the lane; chunks of an earlier generation are dropped. */
  readonly generation: number;
  readonly split: string;
  /** The memory that holds the records; the chunk's bytes are `[begin, end)` of it. */
  readonly memory: SharedBytes;
  readonly begin: number;
  readonly end: number;
  readonly framing: Framing;
  /** Resume word of the first record. */
  readonly from: string;
  /** Resume word behind the bytes, when that is not behind the last byte: the rest of an oversized line was skipped. */
  readonly to: string | null;
  readonly tokens: TokenMap;
  /** Number of the line on which the chunk begins. */
  readonly firstLine?: number;
  /** No more bytes of this split follow: an incomplete last record is malformed, not cut. */
  readonly final: boolean;
  /** With `final`: more may be appended later, so an incomplete last record is neither malformed nor consumed. */
  readonly growing?: boolean;
  readonly meta?: ChunkMeta;
  /** The sinks that still need these records. */
  readonly needs: readonly string[];
}
