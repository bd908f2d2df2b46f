/**
 * The one rule about memory: only the admission of new chunks waits.
 *
 * A chunk reserves its input and its estimated outputs before it is read. What it grows by afterwards is granted always
 * (a chunk in flight that waited for memory could wait for itself) and is paid back by the admissions that come later. A
 * run that holds nothing is admitted whatever the budget says, so that every run moves.
 *
 * Who waits is served in turn: the accounts one after another, within an account in order of arrival. Only the first in
 * turn may be admitted, so a small chunk never overtakes a big one for ever.
 */
import { totalmem } from "node:os";
import { abortError } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { WaitQueue } from "./wait-queue.ts";

/** How a {@link MemoryBudget} is made. */
export interface MemoryBudgetOptions {
  /** Bytes that may be reserved before admissions wait. */
  readonly limitBytes: number;
}

/** Bytes admitted for one chunk, until it is done. */
export interface Reservation extends Disposable {
  /** Bytes held at this moment. */
  readonly bytes: number;
  /** Adds bytes at once, beyond the limit if need be. */
  grow(bytes: number): void;
  /**
   * Gives part back.
   *
   * @throws MillraceError INVARIANT when less is held
   */
  shrink(bytes: number): void;
  /**
   * Gives all back.
   *
   * @throws MillraceError DOUBLE_RELEASE the second time; disposing afterwards is allowed
   */
  release(): void;
}

/** The share of one run. */
export interface BudgetAccount {
  readonly owner: string;
  /** Bytes this account holds. */
  readonly used: number;
  /** Whether an admission of this account waits. */
  readonly waiting: boolean;
  /**
   * Admits a chunk; waits while the budget is spent, unless this account holds nothing.
   *
   * @param bytes the chunk's input and its estimated outputs
   * @throws MillraceError ABORTED when `signal` is aborted first; INVARIANT at once when `bytes` is no size
   */
  reserve(bytes: number, signal?: AbortSignal): Promise<Reservation>;
  /**
   * Admits a chunk if that needs no waiting.
   *
   * @throws MillraceError INVARIANT when `bytes` is no size
   */
  tryReserve(bytes: number): Reservation | undefined;
  /** Grants all its waiting admissions whatever the budget says: somebody needs more before he can give anything back. */
  overdraw(): void;
}

/**
 * The bytes that all runs of a process may hold.
 *
 * @example
 * const budget = new MemoryBudget({ limitBytes: defaultBudgetBytes() });
 * const account = budget.account("orders");
 * using reservation = await account.reserve(1024 * 1024);
 * reservation.grow(4096);
 */
export class MemoryBudget {
  readonly limitBytes: number;
  /** Accounts with waiting admissions, the next in turn first. */
  readonly #turn = new Set<Account>();
  readonly #listeners = new Set<(account: BudgetAccount) => void>();
  #used = 0;

  constructor({ limitBytes }: MemoryBudgetOptions) {
    assertSize(limitBytes);
    this.limitBytes = limitBytes;
  }

  /** Bytes reserved; above {@link limitBytes} while growth is being paid back. */
  get used(): number {
    return this.#used;
  }

  /** How many admissions wait. */
  get waiting(): number {
    let count = 0;
    for (const account of this.#turn) count += account.waiters.size;
    return count;
  }

  /** Opens the account of one run; it needs no closing once its reservations are released. */
  account(owner: string): BudgetAccount {
    return new Account(owner, {
      admit: (account, bytes) => this.#admit(account, bytes),
      wait: (account) => this.#wait(account),
      change: (bytes) => this.#change(bytes),
      leave: (account) => this.#leave(account),
      overdraw: (account) => this.#grantFirst(account),
    });
  }

  /** Calls `listener` whenever an admission begins to wait: who holds bytes that it can pass on sooner does so now. */
  onWaiting(listener: (account: BudgetAccount) => void): Disposable {
    const entry = (account: BudgetAccount): void => listener(account);
    this.#listeners.add(entry);
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) };
  }

  #admit(account: Account, bytes: number): boolean {
    if (account.waiting) return false;
    if (account.reservations > 0 && (this.#turn.size > 0 || !this.#fits(bytes))) return false;
    this.#used += bytes;
    return true;
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.limitBytes;
  }

  #wait(account: Account): void {
    this.#turn.add(account);
    for (const listener of [...this.#listeners]) listener(account);
  }

  #change(bytes: number): void {
    this.#used += bytes;
    if (bytes <= 0) this.#serve();
  }

  #leave(account: Account): void {
    if (!account.waiting) this.#turn.delete(account);
    this.#serve();
  }

  #serve(): void {
    for (const account of this.#turn) {
      if (account.reservations === 0) this.#grantFirst(account);
    }
    for (const account of this.#turn) {
      if (!this.#fits(account.waiters.head ?? 0)) return;
      this.#grantFirst(account);
    }
  }

  /** Grants the account's first waiter and sends the account to the end of the turn. */
  #grantFirst(account: Account): void {
    const bytes = account.waiters.head ?? 0;
    this.#used += bytes;
    account.waiters.succeedHead(account.open(bytes));
    this.#turn.delete(account);
    if (account.waiting) this.#turn.add(account);
  }
}

/** What an account asks of its budget. */
interface Ledger {
  /** Counts the bytes if they may be had at once. */
  admit(account: Account, bytes: number): boolean;
  /** The account has a new waiter. */
  wait(account: Account): void;
  /** Bytes were added to or taken from a reservation. */
  change(bytes: number): void;
  /** A waiter of the account gave up. */
  leave(account: Account): void;
  /** The account's first waiter is not to wait any longer. */
  overdraw(account: Account): void;
}

class Account implements BudgetAccount {
  readonly owner: string;
  /** Waiting admissions, each with the bytes it needs. */
  readonly waiters = new WaitQueue<Reservation, number>();
  readonly #ledger: Ledger;
  reservations = 0;
  used = 0;

  constructor(owner: string, ledger: Ledger) {
    this.owner = owner;
    this.#ledger = ledger;
  }

  get waiting(): boolean {
    return this.waiters.size > 0;
  }

  reserve(bytes: number, signal?: AbortSignal): Promise<Reservation> {
    if (signal?.aborted) return Promise.reject(abortError(signal));
    const atOnce = this.tryReserve(bytes);
    if (atOnce) return Promise.resolve(atOnce);
    const admission = this.waiters.wait(bytes, signal, () => this.#ledger.leave(this));
    this.#ledger.wait(this);
    return admission;
  }

  tryReserve(bytes: number): Reservation | undefined {
    assertSize(bytes);
    return this.#ledger.admit(this, bytes) ? this.open(bytes) : undefined;
  }

  overdraw(): void {
    while (this.waiting) this.#ledger.overdraw(this);
  }

  /** Opens a reservation whose bytes the budget has counted already. */
  open(bytes: number): Reservation {
    this.reservations++;
    this.used += bytes;
    return new HeldBytes(
      bytes,
      (change) => this.#change(change),
      () => void this.reservations--,
    );
  }

  #change(bytes: number): void {
    this.used += bytes;
    this.#ledger.change(bytes);
  }
}

class HeldBytes implements Reservation {
  readonly #change: (bytes: number) => void;
  readonly #onRelease: () => void;
  #bytes: number;
  #released = false;

  constructor(bytes: number, change: (bytes: number) => void, onRelease: () => void) {
    this.#bytes = bytes;
    this.#change = change;
    this.#onRelease = onRelease;
  }

  get bytes(): number {
    return this.#bytes;
  }

  grow(bytes: number): void {
    assertSize(bytes);
    this.#assertHeld("grown");
    this.#bytes += bytes;
    this.#change(bytes);
  }

  shrink(bytes: number): void {
    assertSize(bytes);
    this.#assertHeld("shrunk");
    if (bytes > this.#bytes) {
      throw new MillraceError("INVARIANT", `a reservation of ${this.#bytes} bytes was shrunk by ${bytes}`);
    }
    this.#bytes -= bytes;
    this.#change(-bytes);
  }

  release(): void {
    if (this.#released) throw new MillraceError("DOUBLE_RELEASE", "a reservation of memory was released twice");
    this.#released = true;
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.#onRelease();
    this.#change(-bytes);
  }

  [Symbol.dispose](): void {
    if (!this.#released) this.release();
  }

  #assertHeld(verb: string): void {
    if (this.#released) throw new MillraceError("INVARIANT", `a reservation of memory was ${verb} after its release`);
  }
}

/**
 * A quarter of the memory this process may use, in bytes.
 *
 * @param constrainedBytes the limit of the control group; 0 or beyond the machine where there is none
 * @param totalBytes the machine's memory
 */
export function defaultBudgetBytes(constrainedBytes = process.constrainedMemory(), totalBytes = totalmem()): number {
  const usable = constrainedBytes > 0 ? Math.min(constrainedBytes, totalBytes) : totalBytes;
  return Math.floor(usable / 4);
}

function assertSize(bytes: number): void {
  if (Number.isSafeInteger(bytes) && bytes >= 0) return;
  throw new MillraceError("INVARIANT", `${bytes} is no number of bytes`);
}
