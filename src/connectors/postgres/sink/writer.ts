/** The Postgres sink at work for one run. */
import type { FaultClass } from "../../../core/errors.ts";
import type { Claim, Progress, SinkSession, SinkUnit, SinkWriter, TurnToCommit } from "../../../core/ports/sink.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { faultOf, postgresError } from "../../../postgres/errors.ts";
import { claimSplits, readSettledProgress } from "../../../postgres/progress.ts";
import { noteRunStarted } from "../../../postgres/runs.ts";
import { type PoolAccess, PoolMember } from "../../../postgres/shared-pool.ts";
import { ensureStateTables } from "../../../postgres/state-schema.ts";
import { inTransaction } from "../../../postgres/transaction.ts";
import { CarefulUnit } from "./careful-unit.ts";
import { CommitOrder } from "./commit-order.ts";
import type { RunFrame } from "./run-frame.ts";
import { CopyUnit } from "./unit.ts";
import { UnitConnections } from "./unit-connections.ts";
import type { UnitSettings } from "./unit-transaction.ts";

/** What a writer is made of. */
export interface WriterOptions {
  /** For messages. */
  readonly label: string;
  /** The pool, with the name of the run. */
  readonly access: PoolAccess;
  readonly frame: RunFrame;
  readonly stateSchema: string;
  readonly statementTimeoutMs: number | undefined;
}

/** Hands out commit units over the connections of a pool, borrowed when they are first needed. */
export class PostgresWriter implements SinkWriter {
  readonly lanes: 1 | 2;
  readonly #options: WriterOptions;
  readonly #session: SinkSession;
  readonly #pool: PoolMember;
  readonly #connections: UnitConnections;
  readonly #unitSettings: UnitSettings;

  constructor(options: WriterOptions, session: SinkSession) {
    const { label, access, frame, stateSchema, statementTimeoutMs } = options;
    // a second unit would only wait for the first one's connection
    this.lanes = access.wish?.max === 1 ? 1 : frame.lanes;
    this.#options = options;
    this.#session = session;
    this.#pool = new PoolMember(access);
    this.#connections = new UnitConnections(this.#pool, session.signal);
    this.#unitSettings = {
      label,
      statementTimeoutMs,
      schema: stateSchema,
      key: session,
      order: new CommitOrder(),
      opening: frame.opening,
      assertRunning: () => frame.assertRunning((work) => this.#inTransaction("asking for the run", work)),
      connections: this.#connections,
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

  async begin(
    mode: "fast" | "careful",
    columns: readonly string[] | null,
    turn: TurnToCommit = "next",
  ): Promise<SinkUnit> {
    const { frame } = this.#options;
    const makeLoad = columns ? frame.loadOf(columns) : undefined;
    await frame.beginUnit((work) => this.#inTransaction("making ready for the run's rows", work, turn));
    const Unit = mode === "fast" ? CopyUnit : CarefulUnit;
    return new Unit(this.#unitSettings, { makeLoad, turn });
  }

  async finish(): Promise<void> {
    const { frame } = this.#options;
    const { host, signal } = this.#session;
    const end = (): Promise<void> => this.#inTransaction("ending the run", (connection) => frame.end(connection));
    await (host === undefined ? end() : host.retrying(end, signal));
  }

  pools(): { readonly [name: string]: number } {
    return { "postgres sink": this.#connections.held };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections[Symbol.asyncDispose]();
    await this.#pool[Symbol.asyncDispose]();
  }

  #inTransaction(
    doing: string,
    work: (connection: Connection) => Promise<void>,
    turn: TurnToCommit = "due",
  ): Promise<void> {
    return this.#ask(doing, (connection) => inTransaction(connection, () => work(connection)), turn);
  }

  /** What is asked beside a unit is asked for one that is due, unless somebody says otherwise. */
  async #ask<T>(doing: string, work: (connection: Connection) => Promise<T>, turn: TurnToCommit = "due"): Promise<T> {
    await using connection = await this.#connections.acquire(turn);
    try {
      return await work(connection);
    } catch (thrown) {
      const fault = connection.lost ? "transient" : faultOfAll(thrown);
      throw postgresError(thrown, `${this.#options.label}: ${doing}`, { fault });
    }
  }
}

/** Where no unit is at work no single row is to blame: what is wrong with the data is wrong with all of it. */
function faultOfAll(thrown: unknown): FaultClass {
  const fault = faultOf(thrown);
  return fault === "record" ? "fatal" : fault;
}
