/** Finds what was borrowed and forgotten: a loan that is garbage-collected can no longer be given back by anybody. */

interface Loan<Lent> {
  readonly lent: Lent;
  readonly lentAt: string;
}

/** Watches over loans. */
export class LeakWatch<Lent extends object> {
  readonly #registry: FinalizationRegistry<Loan<Lent>>;

  /** @param onLeak told what was lent, and the stack of the loan */
  constructor(onLeak: (lent: Lent, lentAt: string) => void) {
    this.#registry = new FinalizationRegistry(({ lent, lentAt }) => onLeak(lent, lentAt));
  }

  /** Watches until `loan` is garbage-collected or {@link forget} is called with what it lends. */
  watch(loan: object, lent: Lent): void {
    const holder: { stack?: string } = {};
    Error.captureStackTrace(holder);
    this.#registry.register(loan, { lent, lentAt: holder.stack ?? "" }, lent);
  }

  /** It came back. */
  forget(lent: Lent): void {
    this.#registry.unregister(lent);
  }
}
