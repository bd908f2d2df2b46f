/** Positions where they are kept, to be looked at and set back while no run of the job is under way. */
import type { ProgressKey } from "../position.ts";
import type { Advance, Progress } from "./sink.ts";

/** One split's progress with the rest of its key. */
export interface KeptPosition extends Progress {
  readonly scope: string;
  readonly sink: string;
  /** ISO 8601; null where nobody has noted it. */
  readonly updatedAt: string | null;
}

/** The positions that a sink keeps with its data. */
export interface PositionDesk extends AsyncDisposable {
  /** For people: `etl@db:5432/shop, table millrace.progress`. */
  readonly label: string;
  /** All that is kept of a job for this sink, by scope and split. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED */
  list(job: string): Promise<readonly KeptPosition[]>;
  /**
   * Takes splits over and sets each from exactly `(epoch, from)` to `to` and its counts, in one step.
   *
   * @throws MillraceError FENCED, and nothing is changed, when one has moved meanwhile
   */
  rewind(key: ProgressKey, steps: readonly Advance[]): Promise<void>;
  /** Drops what is kept of a scope: positions and rejects; a run of it is one that was given up. */
  forget(key: ProgressKey): Promise<void>;
}
