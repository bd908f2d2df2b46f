/** How a transform of the simulation ends its thread: it says so, and the simulated thread obeys. */

const KEY = "millrace simulation death";

/** How a thread may end. */
export type Death = "crash" | "hang";

/** Shared by every copy of this module that a loader may make. */
const board = globalThis as { [KEY]?: ((kind: Death) => void) | undefined };

/** Called by a transform: this record ends the thread. */
export function announceDeath(kind: Death): void {
  board[KEY]?.(kind);
}

/** Says whose records are worked on from here on, in this turn of the event loop. */
export function listenForDeath(listener: (kind: Death) => void): void {
  board[KEY] = listener;
}
