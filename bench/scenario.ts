/** What a benchmark compares. */

/** One run of one contender. */
export interface Measurement {
  readonly seconds: number;
  /** What it produced, to be compared with what the others produced. */
  readonly check: string;
  readonly peakMemoryBytes?: number;
  /** Further figures, by the heading of their column. */
  readonly figures?: { readonly [heading: string]: number };
}

/** One way to do the work. */
export interface Contender {
  readonly name: string;
  /** Does the work once, in processes of its own. */
  run(): Promise<Measurement>;
}

/** Several ways to do the same work. */
export interface Scenario {
  readonly title: string;
  /** Source records that one run reads. */
  readonly rows: number;
  /** The first is the one that the others are compared with. */
  readonly contenders: readonly Contender[];
  /** What the reader has to know: what was left out or done in another way here. */
  readonly remarks: readonly string[];
}
