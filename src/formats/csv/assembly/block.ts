/** Blocks of 64 bytes as bits of an integer: bit i speaks of byte i. */

/** Bytes of a block. */
export const BLOCK: i32 = 64;

/** Bytes of a vector; four make a block. */
export const VECTOR: i32 = 16;

/** The top bit of each byte. */
export function topBits(a: v128, b: v128, c: v128, d: v128): u64 {
  const low = <u32>i8x16.bitmask(a) | ((<u32>i8x16.bitmask(b)) << VECTOR);
  const high = <u32>i8x16.bitmask(c) | ((<u32>i8x16.bitmask(d)) << VECTOR);
  return <u64>low | ((<u64>high) << 32);
}

/** Which bytes are `mark`. */
export function equalBits(a: v128, b: v128, c: v128, d: v128, mark: v128): u64 {
  return topBits(i8x16.eq(a, mark), i8x16.eq(b, mark), i8x16.eq(c, mark), i8x16.eq(d, mark));
}

/** Bit i: whether an odd number of the bits 0 to i is set. */
export function parities(bits: u64): u64 {
  bits ^= bits << 1;
  bits ^= bits << 2;
  bits ^= bits << 4;
  bits ^= bits << 8;
  bits ^= bits << 16;
  return bits ^ (bits << 32);
}

/** The first `count` bits, of 1 to 64. */
export function firstBits(count: i32): u64 {
  return <u64>-1 >>> (BLOCK - count);
}

/** All bits below the lowest one that is set; all bits when none is. */
export function bitsBelow(bits: u64): u64 {
  return (bits & (0 - bits)) - 1;
}

/** All bits above `bit`. */
export function bitsAbove(bit: i32): u64 {
  return (<u64>-2) << bit;
}
