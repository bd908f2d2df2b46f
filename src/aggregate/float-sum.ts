/**
 * Sums of doubles without an error that grows: the result is the exact sum, rounded once, whatever the order.
 *
 * Source: Shewchuk (1997), "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates",
 * GROW-EXPANSION; the rounding at the end is that of CPython's `math.fsum`.
 */

/** A sum: doubles that do not overlap, the smallest first; their exact sum is the value. */
export type Expansion = number[];

/** Adds a finite double. A sum beyond the largest double leaves one infinite part behind. */
export function grow(expansion: Expansion, added: number): void {
  let rest = added;
  let kept = 0;
  for (const part of expansion) {
    const [large, small] = Math.abs(rest) < Math.abs(part) ? [part, rest] : [rest, part];
    const sum = large + small;
    const error = small - (sum - large);
    if (error !== 0 && Number.isFinite(sum)) expansion[kept++] = error;
    rest = sum;
  }
  expansion.length = kept;
  expansion.push(rest);
}

/** The double nearest to the sum; ties go to the even one. */
export function roundedSum(expansion: Expansion): number {
  let at = expansion.length - 1;
  if (at < 0) return 0;
  let sum = expansion[at] as number;
  let error = 0;
  while (at > 0 && error === 0) {
    const part = expansion[--at] as number;
    const before = sum;
    sum = before + part;
    error = part - (sum - before);
  }
  // Half an ulp is left over: the parts below it say which way it goes.
  const below = at > 0 ? (expansion[at - 1] as number) : 0;
  if ((error < 0 && below < 0) || (error > 0 && below > 0)) {
    const doubled = error * 2;
    const further = sum + doubled;
    if (doubled === further - sum) return further;
  }
  return sum;
}
