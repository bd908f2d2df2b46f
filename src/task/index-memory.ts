/** Packs a task's index arrays into the lent memory, or into new memory when they do not fit. */
import type { IndexSlice } from "../core/task.ts";

/** Arrays packed behind each other. */
export interface PackedIndex {
  /** null: the lent memory held them all. */
  readonly memory: SharedArrayBuffer | null;
  readonly slices: readonly IndexSlice[];
}

/** Copies `arrays` behind each other into `lent` if they fit, else into a new buffer. */
export function packIndex(lent: SharedArrayBuffer, arrays: readonly Int32Array[]): PackedIndex {
  const total = arrays.reduce((sum, array) => sum + array.length, 0);
  const memory = total * 4 <= lent.byteLength ? null : new SharedArrayBuffer(total * 4);
  const target = new Int32Array(memory ?? lent);
  const slices: IndexSlice[] = [];
  let from = 0;
  for (const array of arrays) {
    target.set(array, from);
    slices.push({ from, length: array.length });
    from += array.length;
  }
  return { memory, slices };
}
