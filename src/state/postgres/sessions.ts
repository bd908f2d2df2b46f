/**
 * A few sessions with the server, and what is done when one breaks.
 *
 * Everything happens in a transaction, so that nothing hangs for ever and every answer is durable. Operations that come
 * side by side take a session each; the server's own group commit makes one flush of their commits. A fault that may
 * pass is tried again a few times within seconds, on another session; longer outages are for the caller's `retry`. Every
 * operation may be repeated, those that would notice are told so: `again` is true once a COMMIT got no answer.
 */
import { type Clock, sleep } from "../../core/clock.ts";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import { systemRandom } from "../../core/random.ts";
import type { Connection } from "../../postgres/connection.ts";
import { openConnectionPool } from "../../postgres/connection-pool.ts";
import { inTransaction } from "../../postgres/transaction.ts";
import { Backoff } from "../../runtime/backoff.ts";
import type { ObjectPool } from "../../runtime/object-pool.ts";
import type { Lease } from "../../runtime/pool-lease.ts";
import { toStateError } from "./errors.ts";

/** Four at most: a run's sinks commit side by side, its lease and its mirrors beside them. */
const LIMITS_OF_POOL = { max: 4, idleTimeoutMs: 60_000 } as const;
/** Everything here touches few rows by their keys; what takes longer waits for somebody. */
const LIMITS = { statementTimeoutMs: 60_000, lockTimeoutMs: 30_000, durable: true } as const;
const BACKOFF = { initialDelayMs: 100, maxDelayMs: 1_600, multiplier: 2, jitter: "none" } as const;
/** A session that was ended, or a server that was restarted, is back by then. */
const PATIENCE_MS = 5_000;

/** What {@link Sessions} need. */
export interface SessionsOptions {
  readonly url: string;
  /** The store, for people. */
  readonly label: string;
  readonly clock: Clock;
}

/** Lends sessions to operations. */
export class Sessions implements AsyncDisposable {
  readonly #options: SessionsOptions;
  readonly #pool: ObjectPool<Connection>;

  constructor(options: SessionsOptions) {
    const { url, label, clock } = options;
    this.#options = options;
    this.#pool = openConnectionPool({
      name: `connections of state store ${label}`,
      target: { url, applicationName: "millrace state" },
      limits: LIMITS_OF_POOL,
      clock,
    });
  }

  /** Borrows a session for something that makes its own transactions; nothing is tried again. @throws MillraceError */
  async borrow<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const lease = await this.#acquire();
    try {
      const result = await work(lease.value);
      await lease.release();
      return result;
    } catch (thrown) {
      const lost = lease.value.lost !== undefined;
      // Its own errors leave a session behind that stands outside any transaction; who knows what others leave.
      await (isMillraceError(thrown) && lease.value.idle ? lease.release() : lease.discard());
      throw toStateError(thrown, this.#options.label, lost);
    }
  }

  /**
   * Does something in a transaction of its own and gives its result once that is durable.
   *
   * @param work `again`: an earlier attempt may have been committed although nobody said so
   * @throws MillraceError STATE_UNAVAILABLE, COMMIT_AMBIGUOUS when the server stays away; what `work` throws
   */
  async run<T>(work: (connection: Connection, again: boolean) => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const backoff = new Backoff(BACKOFF, systemRandom);
    const begun = clock.monotonic();
    for (let again = false; ; ) {
      try {
        return await this.borrow((connection) => inTransaction(connection, () => work(connection, again), LIMITS));
      } catch (thrown) {
        again ||= isMillraceError(thrown, "COMMIT_AMBIGUOUS");
        if (!isMillraceError(thrown) || !thrown.retryable) throw thrown;
        if (clock.monotonic() - begun >= PATIENCE_MS) throw again ? outcomeUnknown(thrown) : thrown;
        await sleep(clock, backoff.next());
      }
    }
  }

  /** Waits for what is under way, then ends the sessions. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.close();
  }

  async #acquire(): Promise<Lease<Connection>> {
    try {
      return await this.#pool.acquire();
    } catch (thrown) {
      if (!isMillraceError(thrown, "CONFIG_INVALID")) throw toStateError(thrown, this.#options.label);
      throw new MillraceError(thrown.code, `state store: ${thrown.message}`, { cause: thrown });
    }
  }
}

/** Later attempts failed before they could find out. */
function outcomeUnknown(error: MillraceError): MillraceError {
  if (error.code === "COMMIT_AMBIGUOUS") return error;
  return new MillraceError("COMMIT_AMBIGUOUS", `${error.message}; an attempt before this one may have taken effect`, {
    cause: error,
  });
}
