/**
 * Connections for the units of one writer, from a pool that others use, too.
 *
 * Two units of a writer may be at work, and the later one commits only behind the earlier one. Were it to hold a
 * connection while the earlier one waits for one, and the same in other jobs, all of the pool could be lent and nobody go on.
 * So of a writer's units only the one that is due may wait for the pool while another has a connection: what the other
 * has is taken away from it then, and it begins anew when it is due itself. With that the holder of any connection needs no
 * other one to come to its end, and a pool of one serves everybody.
 */
import type { TurnToCommit } from "../../../core/ports/sink.ts";
import type { LentConnection } from "../../../postgres/lent-connection.ts";
import { WaitQueue } from "../../../runtime/wait-queue.ts";

/** What lends; a `PoolMember`. */
export interface Lender {
  /** Whether who asks now has to wait for others. */
  readonly isExhausted: boolean;
  acquire(signal?: AbortSignal): Promise<LentConnection>;
}

/** A unit that has a connection. */
export interface Holder {
  /** Gives its connection back at once, whatever becomes of its rows. Never rejects. */
  giveWay(): Promise<void>;
}

/** Lends connections to one writer's units, and for what is asked beside them. */
export class UnitConnections implements AsyncDisposable {
  readonly #lender: Lender;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #holders = new Set<Holder>();
  /** Units whose turn it is, and which wait for the pool. */
  #due = 0;
  readonly #afterDue = new WaitQueue<void>();

  constructor(lender: Lender, signal: AbortSignal) {
    this.#lender = lender;
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
  }

  /** How many units have one. */
  get held(): number {
    return this.#holders.size;
  }

  /**
   * Waits for a connection.
   *
   * @param holder has it from then on, until {@link letGo}; without one it is given back in a moment, come what may
   * @throws MillraceError as `PoolMember.acquire`
   */
  async acquire(turn: TurnToCommit, holder?: Holder): Promise<LentConnection> {
    const connection = await (turn === "due" ? this.#acquireDue() : this.#acquireNext());
    if (holder !== undefined) this.#holders.add(holder);
    return connection;
  }

  /** A unit has none any more. */
  letGo(holder: Holder): void {
    this.#holders.delete(holder);
  }

  /** Lends no more, and takes away what units have. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#takeAll();
  }

  async #takeAll(): Promise<void> {
    await Promise.all([...this.#holders].map((holder) => holder.giveWay()));
  }

  async #acquireDue(): Promise<LentConnection> {
    this.#due++;
    try {
      // Whoever else has one comes behind this one.
      if (this.#lender.isExhausted) await this.#takeAll();
      return await this.#lender.acquire(this.#signal);
    } finally {
      this.#due--;
      if (this.#due === 0) this.#afterDue.succeedAll();
    }
  }

  async #acquireNext(): Promise<LentConnection> {
    for (;;) {
      while (this.#due > 0) await this.#afterDue.wait(undefined, this.#signal);
      const connection = await this.#lender.acquire(this.#signal);
      if (this.#due === 0) return connection;
      await connection[Symbol.asyncDispose]();
    }
  }
}
