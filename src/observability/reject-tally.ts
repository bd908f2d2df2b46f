/** Keeps rejects from flooding a log: the first of a kind at once, the next ones together. */
import type { RunEvent } from "../core/ports/observer.ts";

type Rejected = RunEvent & { readonly kind: "rejected" };

interface Kind {
  /** What has not been told yet; its count is 0 when all is told. */
  pending: Rejected;
  toldAt: number;
}

/** Groups by stage, code and sink. */
export class RejectTally {
  readonly #everyMs: number;
  readonly #kinds = new Map<string, Kind>();

  /** @param everyMs how long rejects of one kind are gathered */
  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** What is to be told now: the event itself if it is the first of its kind, else nothing. */
  add(event: Rejected): Rejected[] {
    const key = JSON.stringify([event.stage, event.code, event.sink]);
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      this.#kinds.set(key, { pending: { ...event, count: 0 }, toldAt: event.at });
      return [event];
    }
    const { count } = kind.pending;
    kind.pending = count === 0 ? event : { ...kind.pending, count: count + event.count };
    return [];
  }

  /** The groups that have been gathered for long enough. */
  due(at: number): Rejected[] {
    return this.#take((kind) => at - kind.toldAt >= this.#everyMs, at);
  }

  /** All that was not told. */
  rest(): Rejected[] {
    return this.#take(() => true, 0);
  }

  #take(wanted: (kind: Kind) => boolean, at: number): Rejected[] {
    const taken: Rejected[] = [];
    for (const kind of this.#kinds.values()) {
      if (kind.pending.count === 0 || !wanted(kind)) continue;
      taken.push(kind.pending);
      kind.pending = { ...kind.pending, count: 0 };
      kind.toldAt = at;
    }
    return taken;
  }
}
