/** How far a run is: one view for the progress bar, the progress lines of the log and `onProgress`. */
import type { Counts } from "../core/ledger.ts";
import type { RunEvent } from "../core/ports/observer.ts";
import { BreakerWatch } from "./breaker-watch.ts";
import { roundToDigits } from "./figures.ts";
import { totalLag } from "./lag-trend.ts";

/** How far a run is. Records and bytes are those of the source, with what an earlier process had committed. */
export interface Progress {
  /** Share of the bytes consumed, 0 to 1; null when their number is unknown. */
  readonly fraction: number | null;
  readonly bytes: number;
  readonly totalBytes: number | null;
  readonly records: number;
  /** Estimated from the size of the records so far; null while nothing is known. */
  readonly totalRecords: number | null;
  readonly rejected: number;
  /** Over the last seconds. */
  readonly recordsPerSecond: number;
  /** Milliseconds since the run started. */
  readonly elapsedMs: number;
  /** Milliseconds that the rest will take at the present pace; null when unknown. */
  readonly remainingMs: number | null;
  /** The splits being read; between two of them, and when all are read but not yet done, the last one. */
  readonly active: readonly string[];
  readonly splitsEnded: number;
  readonly splits: number;
  /** With several sinks: the one that has made the fewest records durable; else null. */
  readonly behind: { readonly sink: string; readonly records: number } | null;
  /** It goes on until somebody stops it. */
  readonly endless: boolean;
  /** Of a live source: records that are still to be committed; null while nobody has told. */
  readonly lag: number | null;
  /** The sinks to which nothing is sent just now, because their breakers are open. */
  readonly paused: readonly string[];
}

interface Mark {
  readonly at: number;
  readonly records: number;
  readonly bytes: number;
}

/** The pace is measured over this time, in milliseconds: long enough to be calm, short enough to show a stall. */
const PACE_WINDOW_MS = 5_000;
const MARK_EVERY_MS = 100;

/** Follows one run's events. */
export class ProgressTracker {
  readonly #active = new Set<string>();
  /** Records of the source that each sink is durably done with. */
  readonly #durable = new Map<string, number>();
  readonly #breakers = new BreakerWatch();
  #last: string | undefined;
  #marks: Mark[] = [];
  #startedAt = 0;
  #before = { records: 0, bytes: 0 };
  #totalBytes: number | null = null;
  #splits = 0;
  #splitsEnded = 0;
  #records = 0;
  #bytes = 0;
  #rejected = 0;
  #endless = false;
  #lag: number | null = null;
  /** Whether the last event that counts was that a sink was opened. */
  #opening = false;

  /** Takes notice of an event. */
  observe(event: RunEvent): void {
    this.#breakers.take(event);
    switch (event.kind) {
      case "run-started":
        return this.#start(event);
      case "split-started":
        this.#active.add(event.split);
        this.#last = event.split;
        return;
      case "split-ended":
        this.#active.delete(event.split);
        this.#splitsEnded++;
        return;
      case "chunk-done":
        this.#records += event.records;
        this.#bytes += event.bytes;
        this.#opening = false;
        return this.#mark(event.at);
      case "unit-committed":
        this.#durable.set(event.sink, (this.#durable.get(event.sink) ?? 0) + event.added.read);
        return;
      case "sink-opened":
        this.#durable.set(event.sink, event.counts.read);
        return this.#fallBack(event.at, event.counts);
      case "rejected":
        this.#rejected += event.count;
        return;
      case "share-taken":
        this.#active.clear();
        this.#splits = event.splits.length;
        this.#splitsEnded = 0;
        return;
      case "lagging":
        this.#lag = totalLag(event.records);
        return;
      case "restarting":
        this.#opening = false;
        this.#active.clear();
        return;
      default:
    }
  }

  /** How far the run is at wall-clock time `at`, in milliseconds. */
  view(at: number): Progress {
    const pace = this.#pace(at);
    const total = this.#totalBytes;
    const fraction = total === null ? null : total === 0 ? 1 : Math.min(1, this.#bytes / total);
    const left = total === null ? null : Math.max(0, total - this.#bytes);
    return {
      fraction,
      bytes: this.#bytes,
      totalBytes: total,
      records: this.#records,
      totalRecords: this.#estimate(fraction),
      rejected: this.#rejected,
      recordsPerSecond: pace.records * 1_000,
      elapsedMs: at - this.#startedAt,
      remainingMs: left === null || pace.bytes === 0 ? null : left / pace.bytes,
      active: this.#active.size === 0 && this.#last !== undefined ? [this.#last] : [...this.#active],
      splitsEnded: this.#splitsEnded,
      splits: this.#splits,
      behind: this.#behind(),
      endless: this.#endless,
      lag: this.#lag,
      paused: this.#breakers.open,
    };
  }

  #start(event: RunEvent & { kind: "run-started" }): void {
    this.#startedAt = event.at;
    this.#totalBytes = event.totalBytes;
    this.#splits = event.splits;
    this.#endless = event.endless ?? false;
    this.#before = { records: event.resumed?.read ?? 0, bytes: event.resumed?.bytes ?? 0 };
    this.#records = this.#before.records;
    this.#bytes = this.#before.bytes;
    this.#restartPace(event.at);
  }

  /** Actors start with what a sink has committed; all else that was done before will come again. */
  #fallBack(at: number, { read, rejected }: Pick<Counts, "read" | "rejected">): void {
    const [records, bytes] = [this.#before.records, this.#before.bytes];
    const sinceStart = this.#records - records;
    if (read < this.#records && sinceStart > 0) {
      const share = Math.max(0, read - records) / sinceStart;
      this.#bytes = bytes + Math.round((this.#bytes - bytes) * share);
      this.#records = Math.max(records, read);
    }
    // Sinks are opened one after another; what was rejected for one is told again for none.
    this.#rejected = this.#opening ? Math.max(this.#rejected, rejected) : rejected;
    this.#opening = true;
    this.#restartPace(at);
  }

  #restartPace(at: number): void {
    this.#marks = [{ at, records: this.#records, bytes: this.#bytes }];
  }

  #mark(at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && this.#marks.length > 1 && at - last.at < MARK_EVERY_MS) return;
    this.#marks.push({ at, records: this.#records, bytes: this.#bytes });
    while (this.#marks.length > 2 && at - (this.#marks[1]?.at ?? at) >= PACE_WINDOW_MS) this.#marks.shift();
  }

  /** Records and bytes a millisecond since the oldest mark that counts: while nothing comes, marks stay and grow old. */
  #pace(at: number): { readonly records: number; readonly bytes: number } {
    const first = this.#marks.findLast((mark) => at - mark.at >= PACE_WINDOW_MS) ?? this.#marks[0];
    if (first === undefined || at <= first.at) return { records: 0, bytes: 0 };
    const span = at - first.at;
    return { records: (this.#records - first.records) / span, bytes: (this.#bytes - first.bytes) / span };
  }

  #behind(): Progress["behind"] {
    if (this.#durable.size < 2) return null;
    const [last] = [...this.#durable].toSorted(([, one], [, other]) => one - other);
    return last === undefined ? null : { sink: last[0], records: last[1] };
  }

  #estimate(fraction: number | null): number | null {
    if (fraction === null || this.#bytes === 0 || this.#totalBytes === null) return null;
    if (fraction === 1) return this.#records;
    return roundToDigits((this.#records * this.#totalBytes) / this.#bytes, 3);
  }
}
