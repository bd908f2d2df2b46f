/** The transaction of one commit unit: rows, compare-and-set and rejects, all or nothing. */
import { type FaultClass, isMillraceError, MillraceError } from "../../../core/errors.ts";
import type { ProgressKey } from "../../../core/position.ts";
import type { Advance } from "../../../core/ports/sink.ts";
import type { Reject } from "../../../core/reject.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { faultOf, postgresError, serverError } from "../../../postgres/errors.ts";
import { advanceSplits } from "../../../postgres/progress.ts";
import { insertRejects } from "../../../postgres/rejects.ts";
import { beginTransaction, commitTransaction, rollbackTransaction } from "../../../postgres/transaction.ts";
import type { Lease } from "../../../runtime/pool-lease.ts";
import type { CommitOrder } from "./commit-order.ts";
import type { Load, MakeLoad, RowFeed } from "./modes/load.ts";
import type { Opening } from "./opening.ts";

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
  /** The transactions that hold a connection, for whoever has to end them all. */
  readonly open: Set<UnitTransaction>;
  acquire(): Promise<Lease<Connection>>;
}

/**
 * A transaction that begins at its first statement, so that a unit waiting for rows holds neither a connection nor a
 * snapshot.
 */
export class UnitTransaction {
  readonly settings: UnitSettings;
  readonly #load: Load | undefined;
  #lease: Lease<Connection> | undefined;
  /** The lease's, to be asked about also when it was given back. */
  #connection: Connection | undefined;
  #ended = false;
  /** Steps that the server has not answered yet. */
  #busy = 0;
  #rows = false;

  /** @param makeLoad undefined while no output columns are known, for then there are no rows */
  constructor(settings: UnitSettings, makeLoad: MakeLoad | undefined) {
    this.settings = settings;
    this.#load = makeLoad?.();
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
    if (this.#lease) return this.#lease.value;
    const lease = await this.settings.acquire();
    if (this.#ended) {
      await lease.release();
      throw new MillraceError(
        "ABORTED",
        `${this.settings.label}: the commit unit was dropped while it waited to begin`,
      );
    }
    this.#lease = lease;
    this.#connection = lease.value;
    this.settings.open.add(this);
    const { statementTimeoutMs } = this.settings;
    await this.step("beginning a transaction", () =>
      beginTransaction(lease.value, statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    );
    await this.#open(lease.value);
    return lease.value;
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

  /** Begins to take rows. @throws MillraceError as {@link step} */
  async openRows(): Promise<RowFeed> {
    const load = await this.prepareRows();
    const connection = await this.connection();
    return this.step(`beginning ${load.doing}`, () => load.open(connection));
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
    this.#busy++;
    try {
      return await work();
    } finally {
      this.#busy--;
    }
  }

  /** What a failure means: whatever was said on a session that is gone, the session is to blame. */
  faultOf(thrown: unknown): FaultClass {
    return this.#connection?.lost ? "transient" : faultOf(thrown);
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
    await this.#lease?.release();
  }

  /** Drops everything. `abandon`: the session is in the middle of something that only its end ends. Never rejects. */
  async rollback(abandon = false): Promise<void> {
    if (this.#ended) return;
    this.#end();
    const lease = this.#lease;
    if (!lease) return;
    const reusable = !abandon && this.#busy === 0 && (await rollbackTransaction(lease.value));
    await (reusable ? lease.release() : lease.discard());
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
    this.settings.open.delete(this);
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
