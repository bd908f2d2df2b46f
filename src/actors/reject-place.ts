/** A place of their own for rejects, shared by the writers of a run. */
import type { Reject } from "../core/reject.ts";
import type { Step } from "./progress-book.ts";

/** What a {@link RejectPlace} begins with. */
export interface RejectPlaceOptions {
  /** Durable when resolved. Called once at a time. */
  readonly append: (rejects: readonly Reject[]) => Promise<void>;
  /** By split, the ordinal before which common rejects are there already: as far as any sink's position reaches. */
  readonly keptBefore: ReadonlyMap<string, bigint>;
}

/**
 * Takes rejects in, those of no sink in particular once, whichever writer brings them first.
 *
 * Every writer takes a split's records in order and comes here before its position passes them, so what is kept of the
 * common ones is always a prefix of the split: one ordinal a split says which they are.
 */
export class RejectPlace {
  readonly #append: RejectPlaceOptions["append"];
  readonly #keptBefore: Map<string, bigint>;
  #last: Promise<void> = Promise.resolve();

  constructor({ append, keptBefore }: RejectPlaceOptions) {
    this.#append = append;
    this.#keptBefore = new Map(keptBefore);
  }

  /**
   * Keeps what decode, validate and transform refused.
   *
   * @param steps of the unit whose rejects they are
   */
  keepCommon(steps: readonly Step[], rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return Promise.resolve();
    return this.#inTurn(async () => {
      const fresh = rejects.filter(({ split, position }) => position.ordinal >= this.#before(split));
      if (fresh.length > 0) await this.#append(fresh);
      for (const { split, to } of steps) {
        if (to.ordinal > this.#before(split)) this.#keptBefore.set(split, to.ordinal);
      }
    });
  }

  /** Keeps what one sink refused. */
  keepOwn(rejects: readonly Reject[]): Promise<void> {
    return rejects.length === 0 ? Promise.resolve() : this.#inTurn(() => this.#append(rejects));
  }

  #before(split: string): bigint {
    return this.#keptBefore.get(split) ?? 0n;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}
