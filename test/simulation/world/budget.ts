/** A memory budget that watches itself: what it admits beyond its rule is told. */
import { type BudgetAccount, MemoryBudget, type Reservation } from "../../../src/runtime/memory-budget.ts";

/** A budget for the simulation; `onBroken` is told of every admission that the rule does not allow. */
export class WatchedBudget extends MemoryBudget {
  readonly #onBroken: (message: string) => void;
  /** What each living reservation was admitted with, without its growth. */
  readonly #admitted = new Map<Reservation, number>();

  /** Admissions to come that the limit does not count for. */
  #overdrawn = 0;

  constructor(limitBytes: number, onBroken: (message: string) => void) {
    super({ limitBytes });
    this.#onBroken = onBroken;
  }

  /** Reservations that were not given back. */
  get alive(): number {
    return this.#admitted.size;
  }

  override account(owner: string): BudgetAccount {
    const account = super.account(owner);
    return {
      owner,
      get used() {
        return account.used;
      },
      get waiting() {
        return account.waiting;
      },
      reserve: async (bytes, signal) => this.#watch(await account.reserve(bytes, signal), bytes),
      tryReserve: (bytes) => {
        const reservation = account.tryReserve(bytes);
        return reservation === undefined ? undefined : this.#watch(reservation, bytes);
      },
      overdraw: () => {
        const before = this.waiting;
        account.overdraw();
        this.#overdrawn += before - this.waiting;
      },
    };
  }

  /** One chunk may be there whatever the limit; what is there besides must fit. */
  #watch(reservation: Reservation, bytes: number): Reservation {
    const forget = (): void => void this.#admitted.delete(watched);
    const watched: Reservation = {
      get bytes() {
        return reservation.bytes;
      },
      grow: (more) => reservation.grow(more),
      shrink: (less) => reservation.shrink(less),
      release: () => {
        forget();
        reservation.release();
      },
      [Symbol.dispose]: () => {
        forget();
        reservation[Symbol.dispose]();
      },
    };
    this.#admitted.set(watched, bytes);
    if (this.#overdrawn > 0) {
      this.#overdrawn--;
      return watched;
    }
    const sum = [...this.#admitted.values()].reduce((total, admitted) => total + admitted, 0);
    if (this.#admitted.size > 1 && sum > this.limitBytes) {
      this.#onBroken(`${this.#admitted.size} chunks were admitted with ${sum} bytes, the budget is ${this.limitBytes}`);
    }
    return watched;
  }
}
