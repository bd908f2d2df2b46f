/** First bytes that tell a compression. */

/**
 * Whether data begins with these bytes.
 *
 * @example
 * beginsWith(new Uint8Array([0x1f, 0x8b, 8]), [0x1f, 0x8b]); // true
 */
export function beginsWith(data: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => data[i] === byte);
}
