/** What every alert's rule is: facts taken from events, and a question that may be asked at any time. */
import type { RuntimeEvent } from "../../core/ports/runtime-events.ts";

/** An event of the job that a rule watches. */
export interface JobEvent {
  readonly event: RuntimeEvent & { readonly job: string };
  /** Whether it belongs to a run that goes on until somebody stops it. */
  readonly endless: boolean;
}

/**
 * One alert of one job. A rule says whether something is wrong, never whether that is news: who asks compares.
 *
 * Between two questions at the same time nothing changes unless an event was taken.
 */
export interface AlertRule {
  /** Takes notice of what happened. */
  take(happened: JobEvent): void;
  /**
   * What is wrong, as one sentence; null: nothing.
   *
   * @param now the clock's milliseconds since 1970
   * @param firing whether it was wrong the last time: a rule with hysteresis lets go later than it takes hold
   */
  look(now: number, firing: boolean): string | null;
}

/** What has come down to this share of its limit is well again; what hovers about the limit does not flap. */
export const WELL_AGAIN = 0.8;
