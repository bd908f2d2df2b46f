/**
 * Group commit: the requests that came while a transaction was being made durable share the next one.
 *
 * The disk's flush is what a commit costs, and it costs the same for one request and for a hundred. Each request runs in
 * a SAVEPOINT of its own, so that one which is refused (FENCED) leaves its neighbours alone; nobody is answered before
 * the one COMMIT that covers all has returned.
 */
import type { DatabaseSync } from "node:sqlite";
import { isMillraceError } from "../../core/errors.ts";
import { type Operation, type Operations, perform } from "../operations.ts";
import { toStateError } from "./errors.ts";
import { type StateReply, type StateRequest, packError } from "./messages.ts";
import { SqliteState } from "./state.ts";

const READS: ReadonlySet<Operation> = new Set([
  "findRun",
  "listRuns",
  "progress",
  "listPositions",
  "findLease",
  "words",
  "listRejects",
  "groupRejects",
  "findSchedule",
  "listSlots",
  "readSpool",
  "spoolSize",
]);

/** Carries batches of requests out on one database. */
export class GroupCommit {
  readonly #database: DatabaseSync;
  readonly #label: string;
  readonly #state: Operations;
  #at = 0;
  #transactions = 0;

  /** @param label the store, for people */
  constructor(database: DatabaseSync, label: string) {
    this.#database = database;
    this.#label = label;
    this.#state = new SqliteState(database, () => this.#at);
  }

  /** Transactions made durable so far. */
  get transactions(): number {
    return this.#transactions;
  }

  /** Carries the requests out in their order, all of them in one transaction if any of them writes. */
  run(requests: readonly StateRequest[]): readonly StateReply[] {
    const writes = requests.some(({ operation }) => !READS.has(operation));
    try {
      if (!writes) return requests.map((request) => this.#answer(request));
      this.#database.exec("BEGIN IMMEDIATE");
      const replies = requests.map((request) => this.#answerInSavepoint(request));
      this.#database.exec("COMMIT");
      this.#transactions++;
      return replies;
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      const error = packError(toStateError(thrown, this.#label));
      return requests.map(({ id }) => ({ id, ok: false, error }));
    }
  }

  #answerInSavepoint(request: StateRequest): StateReply {
    this.#database.exec("SAVEPOINT request");
    const reply = this.#answer(request);
    if (!reply.ok) this.#database.exec("ROLLBACK TO request");
    this.#database.exec("RELEASE request");
    return reply;
  }

  /** A refusal is an answer; a fault of the database itself is everybody's and goes up. */
  #answer({ id, operation, args, at }: StateRequest): StateReply {
    this.#at = Math.round(at);
    try {
      return { id, ok: true, value: perform(this.#state, operation, args) };
    } catch (thrown) {
      const error = toStateError(thrown, this.#label);
      if (!isMillraceError(error, "STATE_UNAVAILABLE", "STATE_CORRUPT"))
        return { id, ok: false, error: packError(error) };
      throw error;
    }
  }
}
