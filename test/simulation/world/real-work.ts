/** Work that takes real time (a transform is read from a disk): simulated time stands still meanwhile. */
export class RealWork {
  #held = 0;

  /** Holds time until the work is done. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held++;
    try {
      return await work;
    } finally {
      this.#held--;
    }
  }

  /** Resolves when none is under way. */
  async done(): Promise<void> {
    while (this.#held > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
