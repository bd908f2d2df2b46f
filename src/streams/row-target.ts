/** Where a writer's rows go. */

/** Rows that are to be written. */
export interface Rows {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** End of row i in `bytes`. */
  readonly ends: Int32Array;
  /** Rows at which the form changes, as `SinkOutput` has them. */
  readonly turns: Int32Array;
}

/** Takes rows in order, one call at a time. Disposing one that was not finished drops what it can. */
export interface RowTarget extends AsyncDisposable {
  /** Whether the bytes may not be changed any more, also once `write` has resolved. */
  readonly keepsBytes: boolean;
  /** Resolves when more can be taken. @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED, SINK_FAILED, ROW_REFUSED */
  write(rows: Rows): Promise<void>;
  /** Makes everything durable and visible. */
  finish(): Promise<void>;
}
