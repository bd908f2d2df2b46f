/** The transaction of one commit unit: rows, compare-and-set and rejects, all or nothing. */
import { type FaultClass, isMillraceError, MillraceError } from "../../../core/errors.ts";
import type { ProgressKey } from "../../../core/position.ts";
import type { RowForm } from "../../../core/ports/format.ts";
import type { Advance, TurnToCommit } from "../../../core/ports/sink.ts";
import type { Reject } from "../../../core/reject.ts";
import type { Connection } from "../../../postgres/connection.ts";
import type { LentConnection } from "../../../postgres/lent-connection.ts";
import { faultOf, postgresError, serverError } from "../../../postgres/errors.ts";
import { advanceSplits } from "../../../postgres/progress.ts";
import { insertRejects } from "../../../postgres/rejects.ts";
import { beginTransaction, commitTransaction, rollbackTransaction } from "../../../postgres/transaction.ts";
import type { CommitOrder } from "./commit-order.ts";
import type { Load, MakeLoad, RowFeed } from "./modes/load.ts";
import type { Opening } from "./opening.ts";
import type { Holder, UnitConnections } from "./unit-connections.ts";

/** What the units of one writer have in common. */
export interface UnitSettings {
  /** For messages: the sink, its table and where. */
  readonly label: string;
  readonly schema: string;
  readonly key: ProgressKey;
  readonly statementTimeoutMs: number | undefined;
  readonly order: CommitOrder;
  /** What the first unit of the run has to do before its rows; undefined: nothing. */
  readonly opening?: Opening | undefined;
  /** Asks whether the run still is this process's, where its end takes sessions away; throws FENCED when it is not. */
  readonly assertRunning?: (() => Promise<void>) | undefined;
  readonly connections: Pick<UnitConnections, "acquire" | "letGo">;
}

/** One unit's. */
export interface UnitPlan {
  /** Undefined while no output columns are known, for then there are no rows. */
  readonly makeLoad: MakeLoad | undefined;
  readonly turn: TurnToCommit;
}

/**
 * A transaction that begins at its first statement, so that a unit waiting for rows holds neither a connection nor a
 * snapshot.
 */
export class UnitTransaction implements Holder {
  readonly settings: UnitSettings;
  readonly #load: Load | undefined;
  readonly #turn: TurnToCommit;
  #connection: LentConnection | undefined;
  #ended = false;
  /** The unit before it got its connection. */
  #gaveWay = false;
  /** Steps that the server has not answered yet. */
  #busy = 0;
  #rows = false;

  constructor(settings: UnitSettings, { makeLoad, turn }: UnitPlan) {
    this.settings = settings;
    this.#load = makeLoad?.();
    this.#turn = turn;
  }

  /** What fails when the rows do. */
  get doing(): string {
    return this.#load?.doing ?? "writing";
  }

  /** The relation whose lines the server counts when it refuses a row. */
  get copyOf(): string {
    return this.#load?.copyOf ?? "";
  }

  /** The connection, inside the transaction. @throws MillraceError as {@link step} */
  async connection(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const { label, connections, statementTimeoutMs } = this.settings;
    const connection = await connections.acquire(this.#turn, this);
    if (this.#ended) {
      connections.letGo(this);
      await connection[Symbol.asyncDispose]();
      if (this.#gaveWay) throw this.#wayGiven();
      throw new MillraceError("ABORTED", `${label}: the commit unit was dropped while it waited to begin`);
    }
    this.#connection = connection;
    await this.step("beginning a transaction", () =>
      beginTransaction(connection, statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    );
    await this.#open(connection);
    return connection;
  }

  /** Makes ready for rows, once. @throws MillraceError as {@link step} */
  async prepareRows(): Promise<Load> {
    const load = this.#load;
    if (load === undefined) throw new MillraceError("INVARIANT", `${this.settings.label}: rows, but no output columns`);
    const connection = await this.connection();
    if (!this.#rows) await this.step("preparing for rows", () => load.prepare(connection));
    this.#rows = true;
    return load;
  }

  /** Begins to take rows, the first of this form. @throws MillraceError as {@link step} */
  async openRows(form: RowForm): Promise<RowFeed> {
    const load = await this.prepareRows();
    const connection = await this.connection();
    return this.step(`beginning ${load.doing}`, () => load.open(connection, form));
  }

  /**
   * One step that is no single row's fault.
   *
   * @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED or SINK_FAILED
   */
  async step<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await this.attempt(work);
    } catch (thrown) {
      throw this.failure(thrown, doing);
    }
  }

  /** One step whose failure the caller judges; keeps track of whether the server has answered. Throws what `work` throws. */
  async attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#gaveWay) throw this.#wayGiven();
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
    }
  }

  /** What a failure means: whatever was said on a session that is gone, the session is to blame. */
  faultOf(thrown: unknown): FaultClass {
    return this.#gaveWay || this.#connection?.lost ? "transient" : faultOf(thrown);
  }

  /** An error of ours; what would be a row's fault elsewhere is the sink's failure here. */
  failure(thrown: unknown, doing: string): MillraceError {
    const fault = this.faultOf(thrown);
    return postgresError(thrown, `${this.settings.label}: ${doing}`, {
      fault: fault === "record" ? "fatal" : fault,
      copyOf: this.copyOf,
    });
  }

  /**
   * Ends the rows, sets the positions, stores the rejects and commits; all but the first after the unit before it.
   *
   * Whatever the outcome, the connection goes back. A COMMIT that the server refuses (a deferred constraint) is a row's
   * fault.
   *
   * @throws MillraceError FENCED, COMMIT_AMBIGUOUS, ROW_REFUSED, or as {@link step}
   */
  async commit(
    advances: readonly Advance[],
    rejects: readonly Reject[],
    endRows: () => Promise<void> = async () => {},
  ): Promise<void> {
    const { order, schema, key } = this.settings;
    try {
      await order.run(endRows, async () => {
        const connection = await this.connection();
        await this.step("storing positions", () => advanceSplits(connection, schema, key, advances));
        await this.#noteOpening(connection);
        await this.step("storing rejects", () => insertRejects(connection, schema, rejects));
        await this.#commit(connection);
      });
    } catch (thrown) {
      await this.rollback();
      if (this.faultOf(thrown) === "transient") await this.#assertRunning();
      throw thrown;
    }
    this.settings.opening?.committed();
    this.#end();
    await this.#connection?.[Symbol.asyncDispose]();
  }

  /** Drops everything. `abandon`: the session is in the middle of something that only its end ends. Never rejects. */
  async rollback(abandon = false): Promise<void> {
    if (this.#ended) return;
    this.#end();
    const connection = this.#connection;
    if (!connection) return;
    const reusable = !abandon && this.#busy === 0 && (await rollbackTransaction(connection));
    await (reusable ? connection[Symbol.asyncDispose]() : connection.discard());
  }

  async giveWay(): Promise<void> {
    this.#gaveWay = true;
    await this.rollback(true);
  }

  /** Whoever cannot be asked just now has not taken the run away: then the failure itself counts. */
  async #assertRunning(): Promise<void> {
    try {
      await this.settings.assertRunning?.();
    } catch (thrown) {
      if (isMillraceError(thrown, "FENCED")) throw thrown;
    }
  }

  async #noteOpening(connection: Connection): Promise<void> {
    const { opening } = this.settings;
    if (opening?.isOpen === false) await this.step("noting the run's first unit", () => opening.note(connection));
  }

  async #open(connection: Connection): Promise<void> {
    const { opening } = this.settings;
    if (opening?.isOpen === false) await this.step("the run's first unit", () => opening.run(connection));
  }

  #end(): void {
    this.#ended = true;
    this.settings.connections.letGo(this);
  }

  #wayGiven(): MillraceError {
    return new MillraceError(
      "SINK_UNAVAILABLE",
      `${this.settings.label}: the pool had no connection for the commit unit before this one, which got this one's; it is sent again`,
    );
  }

  async #commit(connection: Connection): Promise<void> {
    try {
      await this.attempt(() => commitTransaction(connection));
    } catch (thrown) {
      const refused = this.#rows && serverError(thrown) !== undefined && this.faultOf(thrown) !== "transient";
      const fault = refused ? "record" : this.faultOf(thrown);
      throw postgresError(thrown, `${this.settings.label}: committing`, { fault });
    }
  }
}
