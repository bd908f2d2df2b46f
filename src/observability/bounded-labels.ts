/** Keeps labels whose values come from outside from making ever more series: a server that invents codes fills no memory. */

/** What the values beyond the limit become. */
export const OTHER = "other";

/** Remembers which values each label of each job has taken. */
export class BoundedLabels {
  readonly #limit: number;
  /** Values by label, by job. */
  readonly #seen = new Map<string, Map<string, Set<string>>>();

  /** @param limit how many values a label of a job may take */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value itself as long as the label has room for it, else {@link OTHER}. */
  of(job: string, label: string, value: string): string {
    const labels = this.#seen.get(job) ?? new Map<string, Set<string>>();
    this.#seen.set(job, labels);
    const values = labels.get(label) ?? new Set<string>();
    labels.set(label, values);
    if (values.size < this.#limit) values.add(value);
    return values.has(value) ? value : OTHER;
  }

  /** A job that comes back begins anew. */
  forget(job: string): void {
    this.#seen.delete(job);
  }
}

/** The first `limit` of some figures by name; what the others add up to is one more. */
export function boundedSums(figures: Readonly<Record<string, number>>, limit: number): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, figure] of Object.entries(figures)) {
    const label = sums.size < limit ? name : OTHER;
    sums.set(label, (sums.get(label) ?? 0) + figure);
  }
  return sums;
}
