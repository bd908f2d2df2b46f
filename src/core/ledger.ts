/** The ledger: what became of every source record. SEMANTICS "Ledger" is the contract. */
import { MillraceError } from "./errors.ts";

/** Counts of source records by outcome, with the output records and bytes they became. */
export interface Counts {
  readonly read: number;
  readonly written: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly folded: number;
  /** Output records (array results, groups). */
  readonly emitted: number;
  /** Bytes handed to the sink. */
  readonly bytes: number;
}

/** Nothing yet. */
export const NO_COUNTS: Counts = { read: 0, written: 0, filtered: 0, rejected: 0, folded: 0, emitted: 0, bytes: 0 };

/** The sum of two counts. */
export function addCounts(a: Counts, b: Counts): Counts {
  return {
    read: a.read + b.read,
    written: a.written + b.written,
    filtered: a.filtered + b.filtered,
    rejected: a.rejected + b.rejected,
    folded: a.folded + b.folded,
    emitted: a.emitted + b.emitted,
    bytes: a.bytes + b.bytes,
  };
}

/** What came to `before` to make it `after`. */
export function countsBetween(before: Counts, after: Counts): Counts {
  return {
    read: after.read - before.read,
    written: after.written - before.written,
    filtered: after.filtered - before.filtered,
    rejected: after.rejected - before.rejected,
    folded: after.folded - before.folded,
    emitted: after.emitted - before.emitted,
    bytes: after.bytes - before.bytes,
  };
}

/** Whether every record read ended in exactly one outcome. */
export function isBalanced(counts: Counts): boolean {
  return counts.read === counts.written + counts.filtered + counts.rejected + counts.folded;
}

/**
 * Holds a commit to the ledger: `ordinal = read = written + filtered + rejected + folded`.
 *
 * @throws MillraceError INVARIANT when it does not balance
 */
export function assertBalanced(what: string, ordinal: bigint, counts: Counts): void {
  if (isBalanced(counts) && ordinal === BigInt(counts.read)) return;
  const { read, written, filtered, rejected, folded } = counts;
  throw new MillraceError(
    "INVARIANT",
    `${what}: the ledger does not balance at ordinal ${ordinal}: ` +
      `${read} read, ${written} written + ${filtered} filtered + ${rejected} rejected + ${folded} folded`,
  );
}
