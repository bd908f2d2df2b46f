/** Where encoders write: bytes that grow, over shared memory, with a mark to go back to. */

/**
 * A growing run of bytes. Encoders write straight into `bytes` after asking for room; `bytes` and `view` change when it
 * grows, so read them anew after every `reserve`.
 */
export interface ByteWriter {
  /** The memory being written; everything before `length` is written. */
  bytes: Buffer;
  view: DataView;
  /** Bytes written; going back means setting it to an earlier value. */
  length: number;
  /** Makes sure that `extra` more bytes fit behind `length`. */
  reserve(extra: number): void;
}
