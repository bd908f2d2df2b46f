/** The Postgres sink at work for one run. */
import type { Clock } from "../../../core/clock.ts";
import { type FaultClass, MillraceError } from "../../../core/errors.ts";
import type { Claim, Progress, SinkSession, SinkUnit, SinkWriter } from "../../../core/ports/sink.ts";
import type { ConnectTarget } from "../../../postgres/connect.ts";
import { connect } from "../../../postgres/connect.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { faultOf, postgresError } from "../../../postgres/errors.ts";
import { claimSplits, readSettledProgress } from "../../../postgres/progress.ts";
import { noteRunStarted } from "../../../postgres/runs.ts";
import { ensureStateTables } from "../../../postgres/state-schema.ts";
import { inTransaction } from "../../../postgres/transaction.ts";
import { ObjectPool } from "../../../runtime/object-pool.ts";
import { CarefulUnit } from "./careful-unit.ts";
import { CommitOrder } from "./commit-order.ts";
import type { RunFrame } from "./run-frame.ts";
import { CopyUnit } from "./unit.ts";
import type { UnitSettings, UnitTransaction } from "./unit-transaction.ts";

/** What a writer is made of. */
export interface WriterOptions {
  /** For messages. */
  readonly label: string;
  readonly target: Omit<ConnectTarget, "applicationName">;
  readonly frame: RunFrame;
  /** What its user lets a run have, connections. */
  readonly mostConnections: number | undefined;
  readonly stateSchema: string;
  readonly statementTimeoutMs: number | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly maxLifetimeMs: number | undefined;
  readonly clock: Clock;
}

/** Hands out commit units over a few connections, made when they are first needed. */
export class PostgresWriter implements SinkWriter {
  readonly lanes: 1 | 2;
  readonly #options: WriterOptions;
  readonly #session: SinkSession;
  readonly #pool: ObjectPool<Connection>;
  readonly #unitSettings: UnitSettings;
  /** Transactions that hold a connection. */
  readonly #open = new Set<UnitTransaction>();

  constructor(options: WriterOptions, session: SinkSession) {
    const { label, frame, mostConnections, stateSchema, statementTimeoutMs } = options;
    this.lanes = mostConnections === 2 ? 1 : frame.lanes;
    this.#options = options;
    this.#session = session;
    this.#pool = makePool(options, session, this.lanes);
    this.#unitSettings = {
      label,
      statementTimeoutMs,
      schema: stateSchema,
      key: session,
      order: new CommitOrder(),
      opening: frame.opening,
      assertRunning: () => frame.assertRunning((work) => this.#inTransaction("asking for the run", work)),
      open: this.#open,
      acquire: () => this.#pool.acquire({ signal: session.signal }),
    };
  }

  /**
   * Makes the tables for positions where they are missing, and notes the run.
   *
   * @throws MillraceError SINK_REFUSED, SINK_UNAVAILABLE
   */
  async start(): Promise<void> {
    const { stateSchema } = this.#options;
    await this.#ask("preparing positions", async (connection) => {
      await ensureStateTables(connection, stateSchema);
      await noteRunStarted(connection, stateSchema, this.#session, {
        scope: this.#session.scope,
        endsOnce: this.#options.frame.endsOnce,
      });
    });
  }

  claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    return this.#ask("claiming splits", (connection) =>
      claimSplits(connection, this.#options.stateSchema, this.#session, claims),
    );
  }

  progress(splits?: readonly string[]): Promise<readonly Progress[]> {
    return this.#ask("reading positions", (connection) =>
      readSettledProgress(connection, this.#options.stateSchema, this.#session, splits),
    );
  }

  async begin(mode: "fast" | "careful", columns: readonly string[] | null): Promise<SinkUnit> {
    const { frame } = this.#options;
    const load = columns ? frame.loadOf(columns) : undefined;
    await frame.beginUnit((work) => this.#inTransaction("making ready for the run's rows", work));
    const Unit = mode === "fast" ? CopyUnit : CarefulUnit;
    return new Unit(this.#unitSettings, load);
  }

  async finish(): Promise<void> {
    const { frame } = this.#options;
    const { host, signal } = this.#session;
    const end = (): Promise<void> => this.#inTransaction("ending the run", (connection) => frame.end(connection));
    await (host === undefined ? end() : host.retrying(end, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((transaction) => transaction.rollback(true)));
    await this.#pool.close();
  }

  #inTransaction(doing: string, work: (connection: Connection) => Promise<void>): Promise<void> {
    return this.#ask(doing, (connection) => inTransaction(connection, () => work(connection)));
  }

  async #ask<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const lease = await this.#pool.acquire({ signal: this.#session.signal });
    try {
      const result = await work(lease.value);
      await lease.release();
      return result;
    } catch (thrown) {
      const fault = lease.value.lost ? "transient" : faultOfAll(thrown);
      await lease.discard();
      throw postgresError(thrown, `${this.#options.label}: ${doing}`, { fault });
    }
  }
}

/** Where no unit is at work no single row is to blame: what is wrong with the data is wrong with all of it. */
function faultOfAll(thrown: unknown): FaultClass {
  const fault = faultOf(thrown);
  return fault === "record" ? "fatal" : fault;
}

function makePool({ target, clock, idleTimeoutMs, maxLifetimeMs }: WriterOptions, session: SinkSession, lanes: 1 | 2) {
  const applicationName = `millrace ${session.job} ${session.run}`;
  return new ObjectPool<Connection>({
    name: `connections of sink ${session.sink}`,
    create: (signal) => connect({ ...target, applicationName, signal }),
    reset: assertIdle,
    validate: (connection) => connection.lost === undefined,
    destroy: (connection) => connection[Symbol.asyncDispose](),
    max: lanes + 1,
    ...(idleTimeoutMs !== undefined && { idleTimeoutMs }),
    ...(maxLifetimeMs !== undefined && { maxLifetimeMs }),
    clock,
  });
}

/** A session inside a transaction would carry one unit's rows into the next. */
function assertIdle(connection: Connection): void {
  if (!connection.idle)
    throw new MillraceError("INVARIANT", `postgres ${connection.label}: returned inside a transaction`);
}
