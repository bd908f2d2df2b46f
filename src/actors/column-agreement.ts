/**
 * Agrees on the output columns that chunks find, so that all chunks of a run are written with the same.
 *
 * The first chunk, in their order, that has a row for a sink decides for it. Chunks run side by side, so a later one may
 * have used columns of its own by then: it is run again with those that were agreed on.
 */

/** Output columns by sink. */
export type SinkColumns = { readonly [sink: string]: readonly string[] };

/** What a {@link ColumnAgreement} begins with. */
export interface ColumnAgreementOptions {
  /** Settled by an earlier process, or by the sinks themselves. */
  readonly known: SinkColumns;
  /** Sinks that cannot take a row before their columns are known. */
  readonly needed: readonly string[];
  /** Keeps newly found columns; the chunk that brought them waits for it. */
  readonly keep: (columns: SinkColumns) => Promise<void>;
}

/** One chunk's turn to have a say; disposing it lets the next one have theirs. */
export interface ColumnTurn extends Disposable {
  /**
   * Waits for the turns before it, then settles what nobody found before.
   *
   * @param found what the chunk was written with
   * @returns whether that is what all are written with
   */
  agree(found: SinkColumns): Promise<boolean>;
}

const AGREED: ColumnTurn = { agree: () => Promise.resolve(true), [Symbol.dispose]() {} };

/** The columns of one flow's sinks. */
export class ColumnAgreement {
  readonly #options: ColumnAgreementOptions;
  #known: SinkColumns;
  #last: Promise<void> = Promise.resolve();
  #begun = false;

  constructor(options: ColumnAgreementOptions) {
    this.#options = options;
    this.#known = options.known;
  }

  get known(): SinkColumns {
    return this.#known;
  }

  /** Whether nothing has been found yet that has to be: then a chunk goes alone, and those behind it need not run again. */
  get isOpen(): boolean {
    return !this.#begun && !this.#isComplete;
  }

  /** The next chunk's turn; taken in the order of the chunks. */
  turn(): ColumnTurn {
    if (this.#isComplete) return AGREED;
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    return {
      agree: async (found) => {
        await before;
        return this.#settle(found);
      },
      [Symbol.dispose]: resolve,
    };
  }

  get #isComplete(): boolean {
    return this.#options.needed.every((sink) => Object.hasOwn(this.#known, sink));
  }

  async #settle(found: SinkColumns): Promise<boolean> {
    this.#begun = true;
    const fresh = Object.entries(found).filter(([sink]) => !Object.hasOwn(this.#known, sink));
    if (fresh.length > 0) {
      const columns = Object.fromEntries(fresh);
      await this.#options.keep(columns);
      this.#known = { ...this.#known, ...columns };
    }
    return Object.entries(found).every(([sink, columns]) => areSame(columns, this.#known[sink] ?? []));
  }
}

function areSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}
