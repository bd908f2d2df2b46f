/**
 * What a run of a live source has done itself, over shares that come and go.
 *
 * A commit whose reply was lost when its share was taken back is counted when its split is claimed again and nobody has
 * claimed it in between: then whatever it has moved is this run's work. Of a split that another process had meanwhile
 * nothing tells who moved it, so that a run's counts may lack one commit unit per sink and share. What the sinks count
 * lacks nothing.
 */
import { addCounts, type Counts, countsBetween, NO_COUNTS } from "../core/ledger.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { OpenSink } from "./place-sinks.ts";

interface SinkWork {
  total: Counts;
  /** Where each split was seen last, whatever share it was in. */
  readonly seen: Map<string, Progress>;
}

/** The work, by sink. */
export class OwnWork {
  readonly #bySink = new Map<string, SinkWork>();

  /** A flow has ended: what its books say. */
  note(sinks: readonly Pick<OpenSink, "name" | "book">[]): void {
    for (const { name, book } of sinks) {
      const work = this.#of(name);
      work.total = book.total;
      for (const row of book.rows) work.seen.set(row.split, row);
    }
  }

  /** Splits were claimed in a sink. */
  claimed(sink: string, rows: readonly Progress[]): void {
    const work = this.#of(sink);
    for (const row of rows) {
      const before = work.seen.get(row.split);
      if (before?.epoch === row.epoch - 1) work.total = addCounts(work.total, countsBetween(before.counts, row.counts));
      work.seen.set(row.split, row);
    }
  }

  /** So far. */
  get totals(): ReadonlyMap<string, Counts> {
    return new Map([...this.#bySink].map(([name, { total }]) => [name, total]));
  }

  #of(sink: string): SinkWork {
    const work = this.#bySink.get(sink) ?? { total: NO_COUNTS, seen: new Map<string, Progress>() };
    this.#bySink.set(sink, work);
    return work;
  }
}
