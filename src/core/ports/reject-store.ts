/** A place for rejects that do not go with the data. */
import type { Reject } from "../reject.ts";

/** How far the positions reach that were committed, to tell which rejects are to be kept. */
export interface CommittedRejects {
  /** Ordinal of a split before which rejects are kept: those of a sink, or, without one, of none in particular. */
  before(split: string, sink: string | undefined): bigint;
  /** With one sink rejects are appended in the order of the commits, so that only the last ones may be uncommitted. */
  readonly inOrder: boolean;
}

/** Where rejects go when they do not go with the data. */
export interface RejectStore extends AsyncDisposable {
  /** Appends; durable when resolved. */
  append(rejects: readonly Reject[]): Promise<void>;
  /** Drops what an earlier process appended but never committed. */
  resume(committed: CommittedRejects): Promise<void>;
  /** The run ended, in whatever way: makes the rejects visible. */
  publish(): Promise<void>;
}
