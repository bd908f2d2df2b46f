/**
 * The hash by which Java's producer chooses a partition for a key, so that messages of one key meet in one partition
 * whoever writes them. Source: `Utils.murmur2` of Apache Kafka; the algorithm is MurmurHash2 by Austin Appleby.
 */

const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;

/** @returns a signed 32-bit number */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    const word =
      byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
    const mixed = Math.imul(word, MIX);
    hash = Math.imul(hash, MIX) ^ Math.imul(mixed ^ (mixed >>> 24), MIX);
  }
  hash = tail(bytes, whole, hash);
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return hash ^ (hash >>> 15);
}

/** The last bytes, which are no whole word. */
function tail(bytes: Uint8Array, from: number, hash: number): number {
  const left = bytes.length - from;
  if (left === 0) return hash;
  let word = 0;
  for (let at = left - 1; at >= 0; at--) word = (word << 8) | byte(bytes, from + at);
  return Math.imul(hash ^ word, MIX);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
