/** Pools of sessions: what every one of them asks of a session before it is lent again. */
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { systemRandom } from "../core/random.ts";
import { ObjectPool } from "../runtime/object-pool.ts";
import type { PoolLimits } from "../runtime/object-pool-options.ts";
import { connect, type ConnectTarget } from "./connect.ts";
import type { Connection } from "./connection.ts";

/** What {@link openConnectionPool} needs. */
export interface ConnectionPoolOptions {
  /** For messages. */
  readonly name: string;
  readonly target: Omit<ConnectTarget, "signal">;
  readonly limits: PoolLimits;
  readonly clock: Clock;
  /** Told of every new session. */
  readonly onConnect?: (connection: Connection) => void;
}

/** A session that nobody had for this long is asked whether it still is one. */
const ASK_AFTER_MS = 1_000;
/** How long it may take to answer: a server that went away without a word would be waited for by the kernel, for minutes. */
const ANSWER_MS = 3_000;

/**
 * A pool of sessions. One that comes back inside a transaction is rolled back; one that is lost, or does not answer, is
 * lent to nobody.
 *
 * Everything that is set in a session has to be set for a transaction: the next borrower gets it as it is.
 */
export function openConnectionPool(options: ConnectionPoolOptions): ObjectPool<Connection> {
  const { name, target, limits, clock, onConnect } = options;
  const pool = new ObjectPool<Connection>({
    ...limits,
    name,
    create: async (signal) => {
      const connection = await connect({ ...target, signal });
      onConnect?.(connection);
      return connection;
    },
    reset: (connection) => rollBack(connection, clock),
    validate: (connection, idleMs) => {
      if (connection.lost !== undefined) return false;
      return idleMs < ASK_AFTER_MS || isAlive(connection, clock, () => pool.endIdle());
    },
    destroy: (connection) => connection[Symbol.asyncDispose](),
    random: systemRandom,
    clock,
  });
  return pool;
}

/** @param onDead what befell one that lay idle has befallen the others, too */
async function isAlive(connection: Connection, clock: Clock, onDead: () => void): Promise<boolean> {
  try {
    await answered(connection, "SELECT 1", clock);
    return true;
  } catch {
    onDead();
    return false;
  }
}

/** Throws where the session is of no use to anybody any more. */
async function rollBack(connection: Connection, clock: Clock): Promise<void> {
  if (connection.idle) return;
  await answered(connection, "ROLLBACK", clock);
  if (!connection.idle)
    throw new MillraceError("INVARIANT", `postgres ${connection.label}: still inside a transaction behind ROLLBACK`);
}

/** Throws what the driver throws. @throws MillraceError SINK_UNAVAILABLE where no answer comes, or none can come */
async function answered(connection: Connection, statement: string, clock: Clock): Promise<void> {
  const failed = (why: string): MillraceError =>
    new MillraceError("SINK_UNAVAILABLE", `postgres ${connection.label}: ${why}`);
  if (connection.lost) throw failed(connection.lost.message);
  const silence = Promise.withResolvers<never>();
  using _timer = clock.timer(ANSWER_MS, () => silence.reject(failed(`no answer within ${ANSWER_MS} ms`)));
  const answer = connection.query(statement);
  // When it comes too late the session has been ended, and the driver says so.
  answer.catch(() => {});
  await Promise.race([answer, silence.promise]);
}
