/** Shared memory that encoders write into and that grows under them. */
import type { ByteWriter } from "../core/ports/byte-writer.ts";

/** The least that a writer grows to: a row or two of most tables. */
const MIN_GROWTH = 4_096;

/**
 * Bytes over a lent SharedArrayBuffer. When they no longer fit, they move into a new one of twice the size, and the lent
 * one keeps whatever was written before.
 *
 * @example
 * const rows = new GrowingBytes(lentMemory);
 * putAscii(rows, "1\tx\n");
 * const full = rows.outgrown ? rows.memory : lentMemory; // rows.length bytes of it are written
 */
export class GrowingBytes implements ByteWriter {
  bytes: Buffer;
  view: DataView;
  length = 0;
  #memory: SharedArrayBuffer;
  readonly #lent: SharedArrayBuffer;

  constructor(memory: SharedArrayBuffer) {
    this.#lent = memory;
    this.#memory = memory;
    this.bytes = Buffer.from(memory);
    this.view = new DataView(memory);
  }

  /** The memory that holds the bytes now. */
  get memory(): SharedArrayBuffer {
    return this.#memory;
  }

  /** Whether the bytes have moved out of the lent memory. */
  get outgrown(): boolean {
    return this.#memory !== this.#lent;
  }

  reserve(extra: number): void {
    if (this.length + extra > this.bytes.length) this.#grow(this.length + extra);
  }

  #grow(needed: number): void {
    const written = this.bytes.subarray(0, this.length);
    this.#memory = new SharedArrayBuffer(Math.max(needed, this.bytes.length * 2, MIN_GROWTH));
    this.bytes = Buffer.from(this.#memory);
    this.view = new DataView(this.#memory);
    this.bytes.set(written);
  }
}
