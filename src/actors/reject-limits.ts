/** How many rejects a run may have. SEMANTICS "Limits, retries" is the contract. */

/** A job's `errors`. */
export interface RejectLimitOptions {
  /** null: no limit by count. */
  readonly maxRejects: number | null;
  /** Share of the records read, 0 to 1. */
  readonly maxRejectRate: number;
  /** The rate counts only once so many records were read. */
  readonly minRecords: number;
}

/**
 * Why the limit is passed, or null.
 *
 * @param read records of the run with all its resumptions
 * @param which of which records these are the counts, where not of all
 */
export function passedLimit(options: RejectLimitOptions, read: number, rejected: number, which = ""): string | null {
  const { maxRejects, maxRejectRate, minRecords } = options;
  if (maxRejects !== null && rejected > maxRejects) {
    return `${rejected} of ${read} records${which} were rejected; errors.maxRejects is ${maxRejects}`;
  }
  if (read >= minRecords && rejected > read * maxRejectRate) {
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
    return `${rejected} of ${read} records${which} were rejected (${percent(rejected / read)}); errors.maxRejectRate is ${percent(maxRejectRate)}`;
  }
  return null;
}
