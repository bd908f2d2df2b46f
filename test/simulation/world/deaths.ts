/** How a transform of the simulation ends its thread: it says so, and the simulated thread obeys. */

const KEY = "millrace simulation death";

/** Shared by every copy of this module that a loader may make. */
const board = globalThis as { [KEY]?: "crash" | "hang" | undefined };

/** Called by a transform: this record ends the thread. */
export function announceDeath(kind: "crash" | "hang"): void {
  board[KEY] = kind;
}

/** The death that was announced since the last call. */
export function takeDeath(): "crash" | "hang" | undefined {
  const kind = board[KEY];
  board[KEY] = undefined;
  return kind;
}
