/** "Did you mean": the candidate a mistyped name was probably meant to be. */

/**
 * The candidate nearest to `name`, or undefined when none is near enough to be worth a guess.
 *
 * Near enough: at most two edits for every five characters, and at least one; or one of the two is the other's beginning.
 * Case does not count.
 *
 * @example
 * nearestName("mdoe", ["mode", "key"]); // "mode"
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best ?? longestRelative(wanted, candidates);
}

/**
 * Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
 *
 * Source: Damerau (1964) and Levenshtein (1966), in the "optimal string alignment" form: no part is edited twice.
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/** `pass` for `password`: one is the other's beginning, and the shorter is no mere letter or two. */
function longestRelative(wanted: string, candidates: Iterable<string>): string | undefined {
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    if (Math.min(wanted.length, other.length) >= 3 && (other.startsWith(wanted) || wanted.startsWith(other))) {
      return candidate;
    }
  }
  return undefined;
}
