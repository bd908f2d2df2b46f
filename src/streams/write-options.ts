/** What all writers may be told, and what they tell. */
import type { OnReject, RejectedOutput } from "./stream-reject.ts";

/** Options that do not depend on the destination. */
export interface WriteOptions {
  /** The fields to write, in this order; those of the first records when absent. */
  readonly columns?: readonly string[];
  /** What becomes of a field outside of the columns: the record is turned away, or the field is left out. */
  readonly onUnknownField?: "error" | "ignore";
  /** What becomes of a record that cannot be written; `throw` by default. */
  readonly onReject?: OnReject<RejectedOutput>;
  /** Ends the writing with ABORTED; what was written is dropped. */
  readonly signal?: AbortSignal;
}

/** What a writer did. */
export interface WriteSummary {
  readonly records: number;
  readonly rejected: number;
  /** Of its rows, before compression. */
  readonly bytes: number;
}
