/** Measures candidates beside each other: in rounds, so that whatever else the machine does hits all of them alike. */

/** What is measured, and how often. */
export interface Rounds<Candidate, Sample> {
  readonly candidates: readonly Candidate[];
  readonly count: number;
  /** Measures a candidate once; null when it cannot be measured, and then it is left out of the rounds that follow. */
  readonly measure: (candidate: Candidate, round: number) => Promise<Sample | null>;
}

/**
 * The samples of every candidate, one a round; none of those that dropped out. Each round begins with another candidate.
 * Throws what `measure` throws.
 *
 * @example
 * await measureInRounds({ candidates: [1, 2], count: 3, measure: async (chunks) => timeOf(chunks) });
 */
export async function measureInRounds<Candidate, Sample>({
  candidates,
  count,
  measure,
}: Rounds<Candidate, Sample>): Promise<ReadonlyMap<Candidate, readonly Sample[]>> {
  const samples = new Map<Candidate, Sample[]>(candidates.map((candidate) => [candidate, []]));
  for (let round = 0; round < count; round++) {
    for (const candidate of turned(candidates, round)) {
      const sample = samples.has(candidate) ? await measure(candidate, round) : null;
      if (sample === null) samples.delete(candidate);
      else samples.get(candidate)?.push(sample);
    }
  }
  return samples;
}

function turned<T>(items: readonly T[], by: number): readonly T[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
