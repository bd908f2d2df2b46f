/** An Int32 array that grows and is reused from task to task. */

/** Collects 32-bit integers; `clear` keeps the memory. */
export class GrowingInts {
  #values: Int32Array;
  length = 0;

  constructor(capacity = 1024) {
    this.#values = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#values.length) this.#grow();
    this.#values[this.length++] = value;
  }

  clear(): void {
    this.length = 0;
  }

  /** The values so far; valid until the next push. */
  view(): Int32Array {
    return this.#values.subarray(0, this.length);
  }

  #grow(): void {
    const larger = new Int32Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}
