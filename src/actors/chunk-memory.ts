/** The memory of one block on its way: lent buffers and their share of the budget, held until the last chunk is durable. */
import type { SharedBytes } from "../core/chunk.ts";
import type { BufferLease, BufferPool } from "../runtime/buffer-pool.ts";
import type { Reservation } from "../runtime/memory-budget.ts";

/**
 * A block's input buffer, the output buffers made from it, and the reservation that admitted them. Whatever is lent here
 * goes back together when the last holder lets go.
 */
export class ChunkMemory implements SharedBytes {
  readonly #arena: MemoryArena;
  readonly #reservation: Reservation;
  #input: BufferLease;
  #outputs: BufferLease[] = [];
  #held: number;
  #holders = 1;

  /** Made by {@link MemoryArena} only. */
  constructor(arena: MemoryArena, input: BufferLease, reservation: Reservation) {
    this.#arena = arena;
    this.#input = input;
    this.#reservation = reservation;
    this.#held = input.bytes.byteLength;
  }

  get bytes(): Uint8Array<SharedArrayBuffer> {
    return this.#input.bytes;
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0) this.free();
  }

  /** Exchanges the input buffer for a larger one; the bytes are the caller's to copy. */
  enlarge(bytes: number): Uint8Array<SharedArrayBuffer> {
    const old = this.#input;
    this.#input = this.#hold(this.#arena.buffers.lease(bytes));
    this.#held -= old.bytes.byteLength;
    old.release();
    return this.#input.bytes;
  }

  /** Borrows an output buffer. */
  lend(bytes: number): SharedArrayBuffer {
    const lease = this.#hold(this.#arena.buffers.lease(bytes));
    this.#outputs.push(lease);
    return lease.bytes.buffer;
  }

  /** Takes over a buffer that a thread made because the lent one was too small. */
  adopt(buffer: SharedArrayBuffer): void {
    this.#outputs.push(this.#hold(this.#arena.buffers.adopt(buffer)));
  }

  /** Gives everything back, whoever still holds it; only for a run that has ended. */
  free(): void {
    this.#holders = 0;
    if (!this.#arena.forget(this)) return;
    this.#input.release();
    for (const output of this.#outputs.splice(0)) output.release();
    this.#reservation.release();
  }

  /** Growth beyond what was reserved is granted always and paid back by later admissions. */
  #hold(lease: BufferLease): BufferLease {
    this.#held += lease.bytes.byteLength;
    if (this.#held > this.#reservation.bytes) this.#reservation.grow(this.#held - this.#reservation.bytes);
    return lease;
  }
}

/** All block memory of one start of a run, so that whatever its actors still hold when they die is given back. */
export class MemoryArena implements Disposable {
  readonly buffers: BufferPool;
  readonly #live = new Set<ChunkMemory>();

  constructor(buffers: BufferPool) {
    this.buffers = buffers;
  }

  /** @param reservation what admitted the block; the memory owns it from here on */
  take(inputBytes: number, reservation: Reservation): ChunkMemory {
    const memory = new ChunkMemory(this, this.buffers.lease(inputBytes), reservation);
    this.#live.add(memory);
    return memory;
  }

  /** Whether the memory was still live. */
  forget(memory: ChunkMemory): boolean {
    return this.#live.delete(memory);
  }

  /** Gives back what is left. No thread may be working any more. */
  [Symbol.dispose](): void {
    for (const memory of this.#live) memory.free();
  }
}
