/** Gathers rows into blocks of about a size. */

/** Whole rows; disposing gives their memory back to those who fill the next block. */
export interface RowBlock extends Disposable {
  readonly bytes: Buffer;
  /** Offsets behind the rows. */
  readonly ends: Int32Array;
}

/** A block is full somewhere within the piece that fills it. */
const MARGIN_BYTES = 64 * 1024;
const NO_ENDS = new Int32Array(0);

/** Memory that is kept for the next blocks; while one is read another waits and a third is filled. */
const SPARES = 3;

/**
 * Takes rows piece by piece, however they are cut, and gives them block by block. Memory is used again, for the collector takes
 * a megabyte here and there as a reason to look at everything.
 */
export class RowBlocks {
  readonly #blockBytes: number;
  readonly #spares: Buffer[] = [];
  #bytes: Buffer;
  #length = 0;
  #ends = new Int32Array(1024);
  #endCount = 0;

  /** @param blockBytes from which on a block is full; it ends with the row that reaches that */
  constructor(blockBytes: number) {
    this.#blockBytes = blockBytes;
    this.#bytes = Buffer.allocUnsafeSlow(blockBytes + MARGIN_BYTES);
  }

  /** @param ends offsets in `piece` behind the rows that end in it, `count` of them */
  add(piece: Buffer, ends: Int32Array, count: number): void {
    this.#makeRoom(piece.length, count);
    this.#bytes.set(piece, this.#length);
    for (let i = 0; i < count; i++) this.#ends[this.#endCount++] = this.#length + (ends[i] as number);
    this.#length += piece.length;
  }

  /** Whether there is enough for a block, with at least one whole row in it. */
  get isFull(): boolean {
    return this.#length >= this.#blockBytes && this.#endCount > 0;
  }

  /** All whole rows; undefined when there are none. What follows them goes into the next block. */
  give(): RowBlock | undefined {
    const count = this.#endCount;
    if (count === 0) return undefined;
    const bytes = this.#bytes;
    let memory: Buffer | undefined = bytes;
    const ends = this.#ends.slice(0, count);
    const end = ends[count - 1] as number;
    const begun = bytes.subarray(end, this.#length);
    this.#bytes = this.#spares.pop() ?? Buffer.allocUnsafeSlow(this.#blockBytes + MARGIN_BYTES);
    this.#length = 0;
    this.#endCount = 0;
    this.add(begun, NO_ENDS, 0);
    const giveBack = (): void => {
      // what one long row has made large is let go of
      const isSpare = memory !== undefined && memory.length <= 2 * this.#blockBytes;
      if (isSpare && this.#spares.length < SPARES) this.#spares.push(memory as Buffer);
      memory = undefined;
    };
    return { bytes: bytes.subarray(0, end), ends, [Symbol.dispose]: giveBack };
  }

  #makeRoom(bytes: number, ends: number): void {
    const needed = this.#length + bytes;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    if (this.#endCount + ends > this.#ends.length) {
      const larger = new Int32Array(Math.max(this.#endCount + ends, 2 * this.#ends.length));
      larger.set(this.#ends.subarray(0, this.#endCount));
      this.#ends = larger;
    }
  }
}
