/** Transactions that cannot hang for ever, on either side. */
import { MillraceError } from "../core/errors.ts";
import type { Connection } from "./connection.ts";
import { quoteLiteral } from "./identifiers.ts";

/** How long a transaction may take at its steps, milliseconds; 0: without end. */
export interface TransactionLimits {
  /** One statement; a COPY is one, with all the waiting for its data. */
  readonly statementTimeoutMs?: number;
  /** Waiting for one lock; 30,000 by default. */
  readonly lockTimeoutMs?: number;
  /** COMMIT waits for the server's disk, also where the database is set up not to. */
  readonly durable?: boolean;
}

const LOCK_TIMEOUT_MS = 30_000;
/**
 * Silence between two statements after which the server ends the session. A process that stopped while it held the lock
 * on its progress row must not keep its successor waiting for longer than this.
 */
const IDLE_TIMEOUT_MS = 60_000;
/** The same for a session that died in the middle of a COPY, where only the server's kernel can find out: seconds. */
const KEEPALIVE = { idle: 30, interval: 10, count: 3 } as const;

/** What waits for more than the own disk (for a standby, too) stays as it is. */
const SYNCHRONOUS =
  "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

/**
 * Begins a transaction. `SET LOCAL`, because poolers refuse the same as start-up parameters. Read committed, whatever
 * the database's default: a compare-and-set that waited for the row has to see what it waited for.
 */
export async function beginTransaction(connection: Connection, limits: TransactionLimits = {}): Promise<void> {
  const { statementTimeoutMs, lockTimeoutMs = LOCK_TIMEOUT_MS, durable = false } = limits;
  const settings: Readonly<Record<string, number | undefined>> = {
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: IDLE_TIMEOUT_MS,
    tcp_keepalives_idle: KEEPALIVE.idle,
    tcp_keepalives_interval: KEEPALIVE.interval,
    tcp_keepalives_count: KEEPALIVE.count,
    statement_timeout: statementTimeoutMs,
  };
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  await connection.query(
    [
      "BEGIN ISOLATION LEVEL READ COMMITTED",
      ...nameSettings(connection),
      ...set.map(([name, value]) => `SET LOCAL ${name} = ${value}`),
      ...(durable ? [SYNCHRONOUS] : []),
    ].join(";"),
  );
}

/** The statements that let a transaction bear the name of whoever borrowed its session. */
export function nameSettings({ lentTo }: Connection): readonly string[] {
  return lentTo === undefined ? [] : [`SET LOCAL application_name = ${quoteLiteral(lentTo)}`];
}

/**
 * Commits. A server that answers with an error has not committed; one that does not answer may have.
 *
 * Throws what the driver throws when the server refused (a deferred constraint).
 *
 * @throws MillraceError COMMIT_AMBIGUOUS when no answer came
 * @throws MillraceError SINK_UNAVAILABLE when the session was lost before COMMIT was sent
 */
export async function commitTransaction(connection: Connection): Promise<void> {
  if (connection.lost) {
    const message = `postgres ${connection.label}: the session was lost before COMMIT: ${connection.lost.message}`;
    throw new MillraceError("SINK_UNAVAILABLE", message, { cause: connection.lost });
  }
  try {
    const { command } = await connection.query("COMMIT");
    if (command === "COMMIT") return;
  } catch (thrown) {
    // A refusal leaves a session behind that answers; a session ended by the server while it committed does not.
    if (await rollbackTransaction(connection)) throw thrown;
    throw new MillraceError(
      "COMMIT_AMBIGUOUS",
      `postgres ${connection.label}: the connection was lost after COMMIT was sent, so it may have taken effect; ` +
        "the stored position will tell",
      { cause: thrown },
    );
  }
  throw new MillraceError(
    "INVARIANT",
    `postgres ${connection.label}: COMMIT was asked of a transaction that had failed`,
  );
}

/** Rolls back; whether the session lives on. Never rejects. */
export async function rollbackTransaction(connection: Connection): Promise<boolean> {
  try {
    await connection.query("ROLLBACK");
    return connection.lost === undefined;
  } catch {
    return false;
  }
}

/** Runs `work` in a transaction of its own. Throws what `work` and {@link commitTransaction} throw. */
export async function inTransaction<T>(
  connection: Connection,
  work: () => Promise<T>,
  limits?: TransactionLimits,
): Promise<T> {
  await beginTransaction(connection, limits);
  let result: T;
  try {
    result = await work();
  } catch (thrown) {
    await rollbackTransaction(connection);
    throw thrown;
  }
  await commitTransaction(connection);
  return result;
}
