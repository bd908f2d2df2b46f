/** `lag`: a live source has more records waiting than it should, and not just for a moment. */
import { formatCount } from "../../observability/figures.ts";
import { totalLag } from "../../observability/lag-trend.ts";
import { type AlertRule, type JobEvent, WELL_AGAIN } from "./rule.ts";

/** A burst that is worked off sooner is none of anybody's business, in milliseconds. */
const BURST_MS = 60_000;

interface RunLag {
  readonly records: Readonly<Record<string, number>>;
  /** Its last word, until another run of the job tells of its lag. */
  readonly ended: boolean;
}

/**
 * Fires after a minute above the limit; ends at four fifths of it, or when a run has read all there was. While nothing
 * runs it stays as it is: what is waiting goes on waiting.
 */
export class LagRule implements AlertRule {
  readonly #limit: number;
  readonly #runs = new Map<string, RunLag>();
  #aboveSince: number | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  take({ event }: JobEvent): void {
    switch (event.kind) {
      case "lagging":
        this.#dropEnded();
        this.#runs.set(event.run, { records: event.records, ended: false });
        return;
      case "share-taken":
        return this.#keep(event.run, event.splits);
      case "run-ended":
        return this.#end(event.run, event.state === "succeeded");
      default:
    }
  }

  look(now: number, firing: boolean): string | null {
    const lag = this.#lag();
    if (lag <= (firing ? this.#limit * WELL_AGAIN : this.#limit)) {
      this.#aboveSince = null;
      return null;
    }
    this.#aboveSince ??= now;
    if (!firing && now - this.#aboveSince < BURST_MS) return null;
    return `${formatCount(lag)} records are waiting at the source; the limit is ${formatCount(this.#limit)}`;
  }

  #lag(): number {
    return [...this.#runs.values()].reduce((sum, { records }) => sum + totalLag(records), 0);
  }

  /** A split that another process has now is told of there. */
  #keep(run: string, splits: readonly string[]): void {
    const known = this.#runs.get(run);
    if (known === undefined) return;
    const kept = Object.entries(known.records).filter(([split]) => splits.includes(split));
    this.#runs.set(run, { ...known, records: Object.fromEntries(kept) });
  }

  #end(run: string, succeeded: boolean): void {
    const known = this.#runs.get(run);
    if (succeeded) {
      this.#dropEnded();
      this.#runs.delete(run);
    } else if (known !== undefined) this.#runs.set(run, { ...known, ended: true });
  }

  #dropEnded(): void {
    for (const [run, { ended }] of this.#runs) if (ended) this.#runs.delete(run);
  }
}
