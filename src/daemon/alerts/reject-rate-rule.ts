/** `rejectRate`: too many of the records are rejects. */
import type { Counts } from "../../core/ledger.ts";
import { type AlertRule, type JobEvent, WELL_AGAIN } from "./rule.ts";
import { type Share, SlidingShare } from "./sliding-share.ts";

/** How far back a run without end is judged, in milliseconds: as its own limits do (SEMANTICS "Limits"). */
const WINDOW_MS = 5 * 60_000;

type Sinks = Map<string, Share>;

/**
 * A run is judged as a whole: while it goes on once it has `minRecords`, and at its end whatever it has. What was found
 * at its end holds until another run of the job ends. A run without end is judged over the last five minutes, over all its
 * restarts; there it ends at four fifths of the limit. With several sinks the worst one counts.
 */
export class RejectRateRule implements AlertRule {
  readonly #limit: number;
  readonly #minRecords: number;
  /** Runs that will end, by their ids. */
  readonly #runs = new Map<string, Sinks>();
  /** Runs without end, all together, by sink. */
  readonly #windows = new Map<string, SlidingShare>();
  #atEnd: string | null = null;

  constructor(limit: number, minRecords: number) {
    this.#limit = limit;
    this.#minRecords = minRecords;
  }

  take({ event, endless }: JobEvent): void {
    switch (event.kind) {
      case "run-started":
        if (!endless) this.#runs.set(event.run, new Map());
        return;
      case "sink-opened":
        this.#runs.get(event.run)?.set(event.sink, shareOf(event.counts));
        return;
      case "unit-committed":
        if (endless) this.#window(event.sink).add(event.at, shareOf(event.added));
        else this.#add(event.run, event.sink, shareOf(event.added));
        return;
      case "run-ended":
        if (!endless) this.#end(event.run, Object.values(event.sinks ?? { sink: event.counts }).map(shareOf));
        return;
      default:
    }
  }

  look(now: number, firing: boolean): string | null {
    return this.#underWay(firing) ?? this.#lately(now, firing) ?? this.#atEnd;
  }

  #underWay(firing: boolean): string | null {
    for (const [run, sinks] of this.#runs) {
      const worst = worstOf([...sinks.values()], this.#minRecords);
      if (rateOf(worst) > this.#bound(firing))
        return `${spell(worst)} so far of run ${run} were rejected; the limit is ${percent(this.#limit)}`;
    }
    return null;
  }

  #lately(now: number, firing: boolean): string | null {
    const shares = [...this.#windows.values()].map((window) => window.at(now));
    const worst = worstOf(shares, firing ? 0 : this.#minRecords);
    if (rateOf(worst) <= this.#bound(firing)) return null;
    return `${spell(worst)} of the last five minutes were rejected; the limit is ${percent(this.#limit)}`;
  }

  #bound(firing: boolean): number {
    return firing ? this.#limit * WELL_AGAIN : this.#limit;
  }

  #add(run: string, sink: string, share: Share): void {
    const sinks = this.#runs.get(run);
    const before = sinks?.get(sink) ?? { read: 0, rejected: 0 };
    sinks?.set(sink, { read: before.read + share.read, rejected: before.rejected + share.rejected });
  }

  /** A run that read nothing says nothing. */
  #end(run: string, shares: readonly Share[]): void {
    this.#runs.delete(run);
    const worst = worstOf(shares, 0);
    if (worst.read === 0) return;
    const over = rateOf(worst) > this.#limit;
    this.#atEnd = over ? `${spell(worst)} of run ${run} were rejected; the limit is ${percent(this.#limit)}` : null;
  }

  #window(sink: string): SlidingShare {
    const window = this.#windows.get(sink) ?? new SlidingShare(WINDOW_MS);
    this.#windows.set(sink, window);
    return window;
  }
}

function shareOf({ read, rejected }: Counts): Share {
  return { read, rejected };
}

function rateOf({ read, rejected }: Share): number {
  return read === 0 ? 0 : rejected / read;
}

/** The share with the highest rate among those of enough records, of equals the largest. */
function worstOf(shares: readonly Share[], minRecords: number): Share {
  const enough = shares.filter(({ read }) => read >= minRecords);
  const [worst] = enough.toSorted((a, b) => rateOf(b) - rateOf(a) || b.read - a.read);
  return worst ?? { read: 0, rejected: 0 };
}

function spell(share: Share): string {
  return `${percent(rateOf(share))} of the ${share.read} records`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
