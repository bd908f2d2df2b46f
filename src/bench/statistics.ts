/** What several measurements of one thing say together. */

/** Rates that differ by less are no reason to choose. */
const LEVEL = 0.1;

/** A figure that was measured several times. */
export interface Measured {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** What `values` say; there is at least one. */
export function measured(values: readonly number[]): Measured {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (place: number): number => sorted[place] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  return { median, least: at(0), most: at(sorted.length - 1) };
}

/** How far the values lie apart, as a share of their median. */
export function spreadOf({ median, least, most }: Measured): number {
  return median === 0 ? 0 : (most - least) / median;
}

/** Whether two rates are the same as far as can be told: less than a tenth apart, or some of either lie among the other's. */
export function isLevel(one: Measured, other: Measured): boolean {
  const [low, high] = one.median < other.median ? [one, other] : [other, one];
  return low.median >= (1 - LEVEL) * high.median || low.most >= high.least;
}
