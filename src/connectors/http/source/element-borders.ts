/** Where the records of a page begin and end. */

/** Begins and ends in turn, of elements behind each other. */
export class ElementBorders {
  #borders = new Int32Array(128);
  #length = 0;

  add(begin: number, end: number): void {
    if (this.#length === this.#borders.length) this.#grow();
    this.#borders[this.#length++] = begin;
    this.#borders[this.#length++] = end;
  }

  /** Those that were added so far. */
  get taken(): Int32Array {
    return this.#borders.subarray(0, this.#length);
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.#borders.length);
    larger.set(this.#borders);
    this.#borders = larger;
  }
}
