/** Whether values that can be changed in place still are what they were. */

/** Compares bytes byte by byte, and JSON as it is written. @param again what the source gives when it is read once more */
export function isSameContent(value: unknown, again: unknown): boolean {
  if (again instanceof Uint8Array) return value instanceof Uint8Array && Buffer.compare(value, again) === 0;
  return jsonOf(value) === jsonOf(again);
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // a cycle or a bigint that the transform put in
  }
}
