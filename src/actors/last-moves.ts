/** When each sink of a run last committed, so that the writer of one that is down can tell whether the run still moves. */

/** Times are the clock's monotonic milliseconds. */
export class LastMoves {
  readonly #at = new Map<string, number>();

  note(sink: string, at: number): void {
    this.#at.set(sink, at);
  }

  /** When the latest of the others did; -Infinity where none has. */
  ofOthers(sink: string): number {
    return Math.max(...Array.from(this.#at, ([name, at]) => (name === sink ? Number.NEGATIVE_INFINITY : at)));
  }
}
