/** How a thread tells what it is at: its side of the flight recorder. */

/** Told as the work goes on; what is not told of for the timeout counts as hung. */
export interface Progress {
  /** This record, and no other, is worked on from here: a death names it. */
  at(record: number): void;
  /** The work goes on, and a death from here on is no single record's. */
  beat(): void;
}
