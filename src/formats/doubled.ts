/** How an index of a chunk finds room for more. */

/** The same numbers in an array of twice the length, filled up with zeros. */
export function doubled(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
