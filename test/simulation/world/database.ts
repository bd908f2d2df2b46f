/**
 * A transactional database in memory, as a server knows it: transactions, row locks on positions, unique keys, and
 * transactions of clients that have gone, which stay open until the server notices.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Advance, Claim, Progress } from "../../../src/core/ports/sink.ts";
import type { Reject } from "../../../src/core/reject.ts";

/** What a database checks of every row. */
export interface Constraints {
  readonly check: boolean;
  readonly unique: boolean;
}

/** A row that was refused. */
export interface Refusal {
  /** Number of the row in what was inserted. */
  readonly row: number;
  readonly message: string;
}

/** Told of every commit before it shows. */
export type CommitListener = (commit: {
  readonly rows: readonly string[];
  readonly advances: readonly Advance[];
  readonly rejects: readonly Reject[];
}) => void;

/** One transaction. */
export class Transaction {
  readonly rows: string[] = [];
  readonly keys = new Set<number>();
  advances: readonly Advance[] = [];
  rejects: readonly Reject[] = [];
  state: "open" | "committed" | "aborted" = "open";
  readonly #ended = Promise.withResolvers<void>();

  /** Resolves when it is no longer open. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  end(state: "committed" | "aborted"): void {
    if (this.state !== "open") return;
    this.state = state;
    this.#ended.resolve();
  }
}

/** The server. Positions are those of one job, scope and sink; a simulation has no others. */
export class Database {
  readonly rows: string[] = [];
  readonly rejects: Reject[] = [];
  readonly #constraints: Constraints;
  readonly #onCommit: CommitListener;
  readonly #progress = new Map<string, Progress>();
  readonly #locks = new Map<string, Transaction>();
  readonly #keys = new Map<number, Transaction>();

  constructor(constraints: Constraints, onCommit: CommitListener) {
    this.#constraints = constraints;
    this.#onCommit = onCommit;
  }

  get progress(): readonly Progress[] {
    return [...this.#progress.values()];
  }

  /** Inserts rows up to the first that is refused. A key that an open transaction holds is waited for. */
  async insert(transaction: Transaction, rows: readonly string[]): Promise<Refusal | null> {
    for (const [index, row] of rows.entries()) {
      const message = await this.#refuse(transaction, row);
      assertOpen(transaction);
      if (message !== null) return { row: index, message };
      transaction.rows.push(row);
    }
    return null;
  }

  /** Takes back what was inserted behind a savepoint. */
  undo(transaction: Transaction, savepoint: number): void {
    for (const row of transaction.rows.splice(savepoint)) {
      const key = keyOf(row);
      if (key === null || !transaction.keys.delete(key)) continue;
      if (this.#keys.get(key) === transaction) this.#keys.delete(key);
    }
  }

  /** The compare-and-set: waits for the rows, then holds them until the transaction ends. */
  async advance(transaction: Transaction, advances: readonly Advance[]): Promise<void> {
    for (const advance of advances.toSorted((a, b) => (a.split < b.split ? -1 : 1))) {
      await this.#unlocked([advance.split], transaction);
      assertOpen(transaction);
      this.#locks.set(advance.split, transaction);
      const stored = this.#progress.get(advance.split);
      if (stored?.epoch === advance.epoch && stored.position.ordinal === advance.from) continue;
      throw new MillraceError(
        "FENCED",
        `simulated: ${advance.split} stands at epoch ${stored?.epoch}, ordinal ${stored?.position.ordinal}`,
      );
    }
    transaction.advances = advances;
  }

  commit(transaction: Transaction): void {
    assertOpen(transaction);
    const { rows, advances, rejects } = transaction;
    this.#onCommit({ rows, advances, rejects });
    this.rows.push(...rows);
    this.rejects.push(...rejects);
    for (const { split, epoch, to, counts } of advances) {
      this.#progress.set(split, { ...(this.#progress.get(split) as Progress), epoch, position: to, counts });
    }
    transaction.end("committed");
  }

  abort(transaction: Transaction): void {
    if (transaction.state !== "open") return;
    for (const key of transaction.keys) if (this.#keys.get(key) === transaction) this.#keys.delete(key);
    transaction.end("aborted");
  }

  /** Epoch + 1 in every row; waits for whoever holds one. */
  async claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    await this.#unlocked(
      claims.map(({ split }) => split),
      null,
    );
    return claims.map(({ split, origin, fingerprint }) => {
      const stored = this.#progress.get(split);
      const made = {
        split,
        epoch: 1,
        position: origin,
        counts: NO_COUNTS,
        ...(fingerprint === undefined ? {} : { fingerprint }),
      };
      const claimed = stored === undefined ? made : { ...stored, epoch: stored.epoch + 1 };
      this.#progress.set(split, claimed);
      return claimed;
    });
  }

  /** Positions once every transaction that touches them has ended. */
  async settled(splits: readonly string[]): Promise<readonly Progress[]> {
    await this.#unlocked(splits, null);
    return splits.map((split) => this.#progress.get(split)).filter((progress) => progress !== undefined);
  }

  async #unlocked(splits: readonly string[], mine: Transaction | null): Promise<void> {
    for (let holder = this.#holder(splits, mine); holder !== undefined; holder = this.#holder(splits, mine)) {
      await holder.ended;
    }
  }

  #holder(splits: readonly string[], mine: Transaction | null): Transaction | undefined {
    return splits.map((split) => this.#locks.get(split)).find((holder) => holder?.state === "open" && holder !== mine);
  }

  async #refuse(transaction: Transaction, row: string): Promise<string | null> {
    if (this.#constraints.check && row.includes("forbidden")) return "violates check constraint";
    const key = this.#constraints.unique ? keyOf(row) : null;
    if (key === null) return null;
    for (let holder = this.#keys.get(key); holder !== undefined; holder = this.#keys.get(key)) {
      if (holder === transaction || holder.state === "committed") return "duplicate key";
      if (holder.state === "aborted") break;
      await holder.ended;
    }
    assertOpen(transaction);
    this.#keys.set(key, transaction);
    transaction.keys.add(key);
    return null;
  }
}

function keyOf(row: string): number | null {
  const { n } = JSON.parse(row) as { n?: unknown };
  return typeof n === "number" ? n : null;
}

function assertOpen({ state }: Transaction): void {
  if (state === "open") return;
  throw new MillraceError("SINK_UNAVAILABLE", "simulated: terminating connection due to idle-in-transaction timeout");
}
