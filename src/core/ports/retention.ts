/** How long history is kept. */

/** What of a job's history need not be kept any longer. */
export interface Retention {
  /** Runs, and slots, that ended before, ISO 8601. */
  readonly runsBefore: string;
  /** Rejects of before, ISO 8601. */
  readonly rejectsBefore: string;
  /** UTF-8 bytes of raw records and messages; the newest rejects are kept. */
  readonly rejectBytes: number;
  /** Runs, rejects, and slots, dropped at once at most. */
  readonly limit: number;
}

/** How much history was dropped; what is left over when not all are 0 is for the next call. */
export interface Pruned {
  readonly runs: number;
  readonly rejects: number;
  /** Where schedules are kept. */
  readonly slots?: number;
}
