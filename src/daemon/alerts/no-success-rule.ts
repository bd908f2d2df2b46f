/** `noSuccessFor`: nothing of the job has succeeded for too long, whatever the reason. */
import { formatDuration } from "../../core/quantity.ts";
import { totalLag } from "../../observability/lag-trend.ts";
import type { AlertRule, JobEvent } from "./rule.ts";

/**
 * Ends with the next success: a run that succeeded; of runs without end, records that became durable or a source that has
 * none waiting.
 */
export class NoSuccessRule implements AlertRule {
  readonly #limitMs: number;
  #last: number;

  /** @param last when the job last succeeded, milliseconds since 1970 */
  constructor(limitMs: number, last: number) {
    this.#limitMs = limitMs;
    this.#last = last;
  }

  take({ event, endless }: JobEvent): void {
    const succeeded =
      (event.kind === "run-ended" && event.state === "succeeded") ||
      (endless && event.kind === "unit-committed") ||
      (endless && event.kind === "lagging" && totalLag(event.records) === 0);
    if (succeeded) this.#last = Math.max(this.#last, event.at);
  }

  look(now: number): string | null {
    if (now - this.#last <= this.#limitMs) return null;
    const since = new Date(this.#last).toISOString();
    return `nothing has succeeded since ${since}; at least every ${formatDuration(this.#limitMs)} was expected`;
  }
}
