/** Rings inside this process when a run of a job has succeeded, so that what comes after it need not wait to be looked for. */

/** Who listens is told at once, in no particular order; what has rung before is not told. */
export class SuccessBell {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Tells everybody who listens for this job; call it once the success can be read from the state store. */
  ring(job: string): void {
    for (const listener of [...(this.#listeners.get(job) ?? [])]) listener();
  }

  /** Calls `listener` at each success of a job until disposed. */
  listen(job: string, listener: () => void): Disposable {
    const listeners = this.#listeners.get(job) ?? new Set();
    // Its own function, so that one listener that listens twice is told twice and leaves once.
    const own = (): void => listener();
    this.#listeners.set(job, listeners.add(own));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own);
        if (listeners.size === 0 && this.#listeners.get(job) === listeners) this.#listeners.delete(job);
      },
    };
  }
}
