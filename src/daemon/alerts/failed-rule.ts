/** `failed`: the job's last run failed, or could not even begin. */
import type { AlertRule, JobEvent } from "./rule.ts";

/** A run without end that has been under way for so long has not failed at its start again, in milliseconds. */
const SETTLED_MS = 60_000;

/** Ends with the next run that succeeds; of runs without end, once one has been under way for a minute. */
export class FailedRule implements AlertRule {
  #fault: string | null = null;
  /** When the run without end began that may end this. */
  #begun: number | null = null;

  take({ event, endless }: JobEvent): void {
    switch (event.kind) {
      case "start-failed":
        this.#fault = `a run could not begin: ${event.code}: ${event.message}`;
        return;
      case "run-started":
        if (endless) this.#begun = event.at;
        return;
      case "run-ended": {
        this.#begun = null;
        if (event.state === "succeeded") this.#fault = null;
        if (event.state === "failed" || event.state === "rejected")
          this.#fault = `run ${event.run} ${FATES[event.state]}${event.message === null ? "" : `: ${event.message}`}`;
        return;
      }
      default:
    }
  }

  look(now: number): string | null {
    if (this.#begun !== null && now - this.#begun >= SETTLED_MS) this.#fault = null;
    return this.#fault;
  }
}

const FATES = { failed: "failed", rejected: "was stopped by its limit of rejects" } as const;
