/** `runDuration`: a run takes longer than it should. */
import { formatDuration } from "../../core/quantity.ts";
import type { AlertRule, JobEvent } from "./rule.ts";

/** Ends when the last run that takes too long has ended. Runs without end are not meant to end, and never fire. */
export class RunDurationRule implements AlertRule {
  readonly #limitMs: number;
  /** When each run began, in their order. */
  readonly #begun = new Map<string, number>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  take({ event, endless }: JobEvent): void {
    if (event.kind === "run-started" && !endless) this.#begun.set(event.run, event.at);
    if (event.kind === "run-ended") this.#begun.delete(event.run);
  }

  look(now: number): string | null {
    for (const [run, begun] of this.#begun) {
      if (now - begun > this.#limitMs)
        return `run ${run} has been under way for more than ${formatDuration(this.#limitMs)}, since ${new Date(begun).toISOString()}`;
    }
    return null;
  }
}
