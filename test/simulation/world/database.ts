/**
 * A transactional database in memory, as a server knows it: transactions, row locks on positions, unique keys, and
 * transactions of clients that have gone, which stay open until the server notices.
 */
import { MillraceError } from "../../../src/core/errors.ts";
import { NO_COUNTS } from "../../../src/core/ledger.ts";
import type { Advance, Claim, Progress } from "../../../src/core/ports/sink.ts";
import type { Reject } from "../../../src/core/reject.ts";
import { MemoryRejects } from "../../../src/state/memory-rejects.ts";

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
  /** The process whose it is. */
  readonly by: string;
  readonly rows: readonly string[];
  readonly advances: readonly Advance[];
  readonly rejects: readonly Reject[];
}) => void;

/** One transaction, in one scope. */
export class Transaction {
  readonly scope: string;
  readonly by: string;
  readonly rows: string[] = [];
  readonly keys = new Set<number>();
  advances: readonly Advance[] = [];
  rejects: readonly Reject[] = [];
  state: "open" | "committed" | "aborted" = "open";
  readonly #ended = Promise.withResolvers<void>();

  constructor(scope: string, by: string) {
    this.scope = scope;
    this.by = by;
  }

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

/** The server. Positions are those of one job and sink; a simulation has no others. */
export class Database {
  readonly rows: string[] = [];
  readonly rejects = new MemoryRejects();
  readonly #constraints: Constraints;
  readonly #onCommit: CommitListener;
  /** By scope and split, as are the locks. */
  readonly #progress = new Map<string, Progress>();
  readonly #locks = new Map<string, Transaction>();
  readonly #keys = new Map<number, Transaction>();

  constructor(constraints: Constraints, onCommit: CommitListener) {
    this.#constraints = constraints;
    this.#onCommit = onCommit;
  }

  /** All positions of a scope. */
  progress(scope: string): readonly Progress[] {
    return [...this.#progress].filter(([key]) => key.startsWith(`${scope} `)).map(([, progress]) => progress);
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
      const key = numberOf(row);
      if (key === null || !transaction.keys.delete(key)) continue;
      if (this.#keys.get(key) === transaction) this.#keys.delete(key);
    }
  }

  /** The compare-and-set: waits for the rows, then holds them until the transaction ends. */
  async advance(transaction: Transaction, advances: readonly Advance[]): Promise<void> {
    const { scope } = transaction;
    for (const advance of advances.toSorted((a, b) => (a.split < b.split ? -1 : 1))) {
      const key = keyOf(scope, advance.split);
      await this.#unlocked([key], transaction);
      assertOpen(transaction);
      this.#locks.set(key, transaction);
      const stored = this.#progress.get(key);
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
    const { scope, by, rows, advances, rejects } = transaction;
    this.#onCommit({ by, rows, advances, rejects });
    this.rows.push(...rows);
    this.rejects.add(rejects);
    for (const { split, epoch, to, counts } of advances) {
      const key = keyOf(scope, split);
      this.#progress.set(key, { ...(this.#progress.get(key) as Progress), epoch, position: to, counts });
    }
    transaction.end("committed");
  }

  abort(transaction: Transaction): void {
    if (transaction.state !== "open") return;
    for (const key of transaction.keys) if (this.#keys.get(key) === transaction) this.#keys.delete(key);
    transaction.end("aborted");
  }

  /** Epoch + 1 in every row; waits for whoever holds one. */
  async claim(scope: string, claims: readonly Claim[]): Promise<readonly Progress[]> {
    await this.#unlocked(
      claims.map(({ split }) => keyOf(scope, split)),
      null,
    );
    return claims.map(({ split, origin, fingerprint }) => {
      const stored = this.#progress.get(keyOf(scope, split));
      const made = {
        split,
        epoch: 1,
        position: origin,
        counts: NO_COUNTS,
        ...(fingerprint === undefined ? {} : { fingerprint }),
      };
      const claimed = stored === undefined ? made : { ...stored, epoch: stored.epoch + 1 };
      this.#progress.set(keyOf(scope, split), claimed);
      return claimed;
    });
  }

  /** Positions once every transaction that touches them has ended. */
  async settled(scope: string, splits: readonly string[]): Promise<readonly Progress[]> {
    const keys = splits.map((split) => keyOf(scope, split));
    await this.#unlocked(keys, null);
    return keys.map((key) => this.#progress.get(key)).filter((progress) => progress !== undefined);
  }

  async #unlocked(keys: readonly string[], mine: Transaction | null): Promise<void> {
    for (let holder = this.#holder(keys, mine); holder !== undefined; holder = this.#holder(keys, mine)) {
      await holder.ended;
    }
  }

  #holder(keys: readonly string[], mine: Transaction | null): Transaction | undefined {
    return keys.map((key) => this.#locks.get(key)).find((holder) => holder?.state === "open" && holder !== mine);
  }

  async #refuse(transaction: Transaction, row: string): Promise<string | null> {
    if (this.#constraints.check && row.includes("forbidden")) return "violates check constraint";
    const key = this.#constraints.unique ? numberOf(row) : null;
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

function keyOf(scope: string, split: string): string {
  return `${scope} ${split}`;
}

function numberOf(row: string): number | null {
  const { n } = JSON.parse(row) as { n?: unknown };
  return typeof n === "number" ? n : null;
}

function assertOpen({ state }: Transaction): void {
  if (state === "open") return;
  throw new MillraceError("SINK_UNAVAILABLE", "simulated: terminating connection due to idle-in-transaction timeout");
}
