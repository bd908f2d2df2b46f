/** The server that a source is read from: the first of its urls that answers and is fresh enough, and sessions on it. */
import { MillraceError } from "../../../core/errors.ts";
import type { SourceContext } from "../../../core/ports/source.ts";
import { APPLICATION, applicationName } from "../../../postgres/application-name.ts";
import { connect, type ConnectTarget } from "../../../postgres/connect.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { borrowConnection, type PoolAccess } from "../../../postgres/shared-pool.ts";
import { nameSettings } from "../../../postgres/transaction.ts";
import type { PostgresSourceOptions } from "../options.ts";
import { readSsl } from "../ssl.ts";
import { sourceError } from "./errors.ts";

/** How far behind a server is, and whether it is a standby. */
interface Freshness {
  readonly isStandby: boolean;
  /** Milliseconds; 0 for a primary, and for a standby that has replayed all it was sent. */
  readonly lagMs: number;
}

const FRESHNESS = `
SELECT pg_is_in_recovery() AS standby,
  CASE WHEN NOT pg_is_in_recovery() THEN 0
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
    ELSE extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), '-infinity')) * 1000 END::text AS lag`;

/**
 * How values are written, whatever the server's own settings are: as this package reads them, and so that nothing of
 * them is lost. `SET LOCAL`, because poolers refuse the same as start-up parameters.
 */
const NOTATION = [
  "SET LOCAL datestyle = 'ISO, YMD'",
  "SET LOCAL intervalstyle = 'postgres'",
  "SET LOCAL timezone = 'UTC'",
  "SET LOCAL bytea_output = 'hex'",
  "SET LOCAL extra_float_digits = 1",
  "SET LOCAL client_encoding = 'UTF8'",
  // sinks may be slower than any limit that an operator thought of
  "SET LOCAL idle_in_transaction_session_timeout = 0",
  "SET LOCAL lock_timeout = '5s'",
  // a process that was killed tells nobody: without this the server is at its query until the next row; since version 14
  `SELECT set_config(name, '3s', true) FROM pg_settings
   WHERE name = 'client_connection_check_interval' AND setting = '0' AND version() LIKE '%linux%'`,
];

/** One of the job's servers. */
type Target = Pick<ConnectTarget, "url" | "ssl">;

/** The server that was found last. */
interface Chosen {
  readonly label: string;
  readonly target: Target;
}

/** Whose sessions they are, and where they come from. */
type Borrower = Pick<PoolAccess, "wish" | "shared" | "clock" | "heldUp"> & { readonly job: string | undefined };

/** What is asked of a server. */
interface Demands {
  readonly maxLagMs: number;
  /** An incremental read that waits for open transactions has to see them, which no standby does. */
  readonly isPrimary: boolean;
  /** What was found to be there on one server may not have come to another yet. */
  readonly staysThere: boolean;
  readonly statementTimeoutMs: number;
}

/** The job's servers, of which one is read at a time. */
export class Server {
  /** The run that reads, once it is known. */
  run: string | undefined;
  readonly #targets: readonly Target[];
  readonly #demands: Demands;
  readonly #borrower: Borrower;
  #chosen: Chosen | undefined;

  private constructor(targets: readonly Target[], demands: Demands, borrower: Borrower) {
    this.#targets = targets;
    this.#demands = demands;
    this.#borrower = borrower;
  }

  /**
   * Finds the first that will do.
   *
   * @throws MillraceError SOURCE_UNAVAILABLE when none answers or all are too far behind, SOURCE_FAILED when the only one
   *   refuses, CONFIG_INVALID when it cannot be read incrementally
   */
  static async find(options: PostgresSourceOptions, context: SourceContext): Promise<Server> {
    const { job, baseDir, signal, shared, clock, heldUp } = context;
    const ssl = await readSsl(options.ssl, baseDir);
    const { maxLag = Number.POSITIVE_INFINITY, statementTimeout = 0, incremental, lag } = options;
    const targets = [options.url].flat().map((url) => ({ url, ...(ssl !== undefined && { ssl }) }));
    const demands = {
      maxLagMs: maxLag,
      isPrimary: incremental && lag === 0,
      staysThere: incremental,
      statementTimeoutMs: statementTimeout,
    };
    const server = new Server(targets, demands, { job, wish: options.pool, shared, clock, heldUp });
    await server.#choose(signal);
    return server;
  }

  /** `user@host:port/database` of the one that is read. */
  get label(): string {
    return this.#chosen?.label ?? "";
  }

  async #choose(signal: AbortSignal | undefined): Promise<Chosen> {
    const { maxLagMs, isPrimary } = this.#demands;
    const failures: MillraceError[] = [];
    for (const target of this.#targets) {
      try {
        await using connection = await this.#borrow(target, signal);
        const { isStandby, lagMs } = await freshnessOf(connection);
        const { label } = connection;
        if (isPrimary && isStandby) failures.push(needsPrimary(label));
        else if (lagMs > maxLagMs) failures.push(tooFarBehind(label, lagMs, maxLagMs));
        else return (this.#chosen = { label, target });
      } catch (thrown) {
        if (signal?.aborted) throw thrown;
        failures.push(sourceError(thrown, "source.url"));
      }
    }
    throw noServer(failures);
  }

  /**
   * Borrows a session, inside a transaction that only reads and sees one moment throughout; it is given back when it is
   * disposed of.
   *
   * @param snapshot the moment that another session sees, on this server alone
   */
  async begin(signal: AbortSignal | undefined, snapshot?: string): Promise<Connection> {
    const borrow = (target: Target): Promise<Connection> => this.#borrow(target, signal);
    return this.#begin(await this.#reach(borrow, snapshot === undefined, signal), snapshot);
  }

  /**
   * The same in a session of its own. One that others wait for must not take a place in the pool from them: of many jobs
   * each would have this one, and none a second.
   */
  async beginApart(): Promise<Connection> {
    const open = (target: Target): Promise<Connection> => connect({ ...target, applicationName: this.#name });
    return this.#begin(await this.#reach(open, true));
  }

  get #name(): string {
    const { job } = this.#borrower;
    return job === undefined ? APPLICATION : applicationName(job, this.run);
  }

  #borrow(target: Target, signal: AbortSignal | undefined): Promise<Connection> {
    return borrowConnection({ ...this.#borrower, target, side: "source", name: this.#name }, signal);
  }

  /** A session with the server that was found, or with the next that will do if that one is away. */
  async #reach(
    open: (target: Target) => Promise<Connection>,
    mayMove: boolean,
    signal?: AbortSignal,
  ): Promise<Connection> {
    const { target } = this.#chosen ?? (await this.#choose(signal));
    try {
      return await open(target);
    } catch (thrown) {
      const isBound = !mayMove || this.#demands.staysThere || this.#targets.length === 1;
      if (isBound || signal?.aborted) throw thrown;
      const next = await this.#choose(signal);
      return open(next.target);
    }
  }

  async #begin(connection: Connection, snapshot?: string): Promise<Connection> {
    try {
      await connection.query(
        [
          "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
          ...(snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT '${snapshot}'`]),
          ...nameSettings(connection),
          ...NOTATION,
          `SET LOCAL statement_timeout = ${this.#demands.statementTimeoutMs}`,
        ].join(";"),
      );
      return connection;
    } catch (thrown) {
      await connection[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Asks something in a transaction of its own. @throws MillraceError SOURCE_UNAVAILABLE, SOURCE_FAILED */
  async ask<T>(
    doing: string,
    signal: AbortSignal | undefined,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      await using connection = await this.begin(signal);
      return await work(connection);
    } catch (thrown) {
      throw sourceError(thrown, `source: ${doing} in ${this.label}`);
    }
  }
}

async function freshnessOf(connection: Connection): Promise<Freshness> {
  const { rows } = await connection.query(FRESHNESS);
  return { isStandby: rows[0]?.["standby"] === true, lagMs: Number(rows[0]?.["lag"]) };
}

function needsPrimary(label: string): MillraceError {
  return new MillraceError(
    "CONFIG_INVALID",
    `source.lag: missing: ${label} is a standby, which does not know the transactions that are open on its primary; set it, or read the primary`,
  );
}

function tooFarBehind(label: string, lagMs: number, maxLagMs: number): MillraceError {
  const seconds = Number.isFinite(lagMs) ? `${Math.round(lagMs / 1000)} s` : "an unknown time";
  return new MillraceError(
    "SOURCE_UNAVAILABLE",
    `source.url: ${label} is ${seconds} behind its primary, and maxLag is ${maxLagMs / 1000} s`,
  );
}

/** Where trying again may help with one of them it is tried again with all. */
function noServer(failures: readonly MillraceError[]): MillraceError {
  const [first] = failures;
  if (first === undefined || failures.length === 1)
    return first ?? new MillraceError("INVARIANT", "source.url is empty");
  const code = failures.some((failure) => failure.retryable) ? "SOURCE_UNAVAILABLE" : "SOURCE_FAILED";
  const each = failures.map(({ message }) => message).join("; ");
  return new MillraceError(code, `none of the ${failures.length} servers will do: ${each}`, { cause: first });
}
