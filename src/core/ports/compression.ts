/** Compression of a source's or sink's bytes. Connectors reach the codecs through their context; the room is `compression`. */

/** Every compression that a config may name. */
export const COMPRESSIONS = ["none", "gzip", "zstd"] as const;

/** How a stream of bytes is compressed. */
export type Compression = (typeof COMPRESSIONS)[number];

/** A compression that changes bytes. */
export type CodecName = Exclude<Compression, "none">;

/**
 * Compresses, one call at a time, on the runtime's thread pool and not on the event loop.
 *
 * A compressed file may be several members (gzip) or frames (zstd) behind each other; it reads as one. Disposing drops
 * what was begun.
 */
export interface Compressor extends Disposable {
  /**
   * Takes bytes and gives those that are ready; they may be changed again once it has resolved.
   *
   * @throws MillraceError CLOSED after it was disposed
   */
  write(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  /**
   * Closes the member; the next `write` begins another. Without a `write` before it the member is empty, but valid.
   *
   * @throws MillraceError CLOSED after it was disposed
   */
  end(): Promise<readonly Uint8Array[]>;
}

/** Where compressed bytes come from. */
export interface ByteInput {
  /** Fills `into` from its start and resolves to the number of bytes, 0 at the end. */
  read(into: Uint8Array): Promise<number>;
}

/** How much may come out of compressed data before it is taken for a bomb. */
export interface InflateLimits {
  /** Bytes out for one byte in, once more than a few came out. */
  readonly maxRatio: number;
  /** Bytes out in all. */
  readonly maxBytes: number;
}

/** The decompressed bytes; read ahead of whoever reads, as far as a bounded buffer goes. */
export interface Inflated extends ByteInput, AsyncDisposable {
  /**
   * As {@link ByteInput.read}.
   *
   * @throws MillraceError SOURCE_FAILED when the data is corrupt, cut off or inflates beyond the limits, after everything
   *   before that place was read; the message says how far it was good
   */
  read(into: Uint8Array): Promise<number>;
}

/** One way to compress. */
export interface Codec {
  readonly name: CodecName;
  /** With its dot: `.gz`. */
  readonly extension: string;
  /** Whether data that begins so is compressed in this way. */
  isMagic(head: Uint8Array): boolean;
  compressor(): Compressor;
  /** @param label what is read, for messages: `data/orders.csv.gz` */
  inflate(input: ByteInput, label: string, limits: InflateLimits): Inflated;
}
