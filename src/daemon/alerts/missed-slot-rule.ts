/** `missedSlot`: a nominal time passed and its run was never tried. */
import type { AlertRule, JobEvent } from "./rule.ts";

interface Missed {
  readonly slot: string;
  readonly at: number;
  readonly reason: string | null;
}

/** Ends when the newest slot that was missed, or a later one, succeeds: by itself, or through `millrace backfill`. */
export class MissedSlotRule implements AlertRule {
  #newest: Missed | null = null;
  #count = 0;

  take({ event }: JobEvent): void {
    if (event.kind !== "slot") return;
    const at = Date.parse(event.slot);
    const newest = this.#newest?.at ?? Number.NEGATIVE_INFINITY;
    if (event.state === "missed") {
      this.#count++;
      if (at >= newest) this.#newest = { slot: event.slot, at, reason: event.reason };
    }
    if (event.state === "succeeded" && at >= newest) {
      this.#newest = null;
      this.#count = 0;
    }
  }

  look(): string | null {
    if (this.#newest === null) return null;
    const { slot, reason } = this.#newest;
    const others = this.#count > 1 ? `, and ${this.#count - 1} before it` : "";
    return `the slot of ${slot} was missed${others}${reason === null ? "" : `: ${reason}`}`;
  }
}
