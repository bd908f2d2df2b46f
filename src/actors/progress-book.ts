/** What one sink has durably, split by split: the ledger that every commit is held to. */
import { MillraceError } from "../core/errors.ts";
import { addCounts, assertBalanced, type Counts, NO_COUNTS } from "../core/ledger.ts";
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

  constructor(rows: readonly Progress[]) {
    this.#rows = new Map(rows.map((row) => [row.split, row]));
  }

  get rows(): readonly Progress[] {
    return [...this.#rows.values()];
  }

  /** Sum over all splits. */
  get total(): Counts {
    return this.rows.reduce((sum, row) => addCounts(sum, row.counts), NO_COUNTS);
  }

  /**
   * The compare-and-set for a step.
   *
   * @throws MillraceError INVARIANT when the step does not begin where the split stands, or does not balance
   */
  advance({ split, from, to, added }: Step): Advance {
    const row = this.#rows.get(split);
    if (row === undefined) throw new MillraceError("INVARIANT", `split ${split} was never claimed`);
    if (row.position.ordinal !== from) {
      throw new MillraceError("INVARIANT", `split ${split} stands at ${row.position.ordinal}, not at ${from}`);
    }
    const counts = addCounts(row.counts, added);
    assertBalanced(`split ${split}`, to.ordinal, counts);
    return { split, epoch: row.epoch, from, to, counts };
  }

  /** The advances are durable. */
  apply(advances: readonly Advance[]): void {
    for (const { split, epoch, to, counts } of advances) this.#rows.set(split, { split, epoch, position: to, counts });
  }
}
