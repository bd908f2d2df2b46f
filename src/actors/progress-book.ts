/** What one sink has durably, split by split: the ledger that every commit is held to. */
import { MillraceError } from "../core/errors.ts";
import { addCounts, assertBalanced, type Counts, countsBetween, NO_COUNTS } from "../core/ledger.ts";
import type { Advance, Progress } from "../core/ports/sink.ts";
import type { Position } from "../core/position.ts";

/** One split's step as the writer knows it: what came, and where that leaves the split. */
export interface Step {
  readonly split: string;
  readonly from: bigint;
  readonly to: Position;
  readonly added: Counts;
}

/** The progress of all claimed splits of one sink. */
export class ProgressBook {
  readonly #rows: Map<string, Progress>;
  /** Kept, since there may be many more splits than one commit touches. */
  #total: Counts;

  /** @param earlier what earlier runs had of these splits, which is no part of the total */
  constructor(rows: readonly Progress[], earlier: Counts = NO_COUNTS) {
    this.#rows = new Map(rows.map((row) => [row.split, row]));
    const total = rows.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
    this.#total = countsBetween(earlier, total);
  }

  get rows(): readonly Progress[] {
    return [...this.#rows.values()];
  }

  /** Sum over all splits, of this run and its resumptions. */
  get total(): Counts {
    return this.#total;
  }

  /** @throws MillraceError INVARIANT for a split that was never claimed */
  row(split: string): Progress {
    const row = this.#rows.get(split);
    if (row === undefined) throw new MillraceError("INVARIANT", `split ${split} was never claimed`);
    return row;
  }

  /**
   * The compare-and-set for a step.
   *
   * @throws MillraceError INVARIANT when the step does not begin where the split stands, or does not balance
   */
  advance({ split, from, to, added }: Step): Advance {
    const row = this.row(split);
    if (row.position.ordinal !== from) {
      throw new MillraceError("INVARIANT", `split ${split} stands at ${row.position.ordinal}, not at ${from}`);
    }
    const counts = addCounts(row.counts, added);
    assertBalanced(`split ${split}`, to.ordinal, counts);
    return { split, epoch: row.epoch, from, to, counts };
  }

  /** The advances are durable. */
  apply(advances: readonly Advance[]): void {
    for (const { split, to, counts } of advances) {
      const row = this.row(split);
      this.#total = addCounts(this.#total, countsBetween(row.counts, counts));
      this.#rows.set(split, { ...row, position: to, counts });
    }
  }
}
