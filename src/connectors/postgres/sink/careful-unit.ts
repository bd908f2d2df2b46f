/** The commit unit that names bad rows instead of failing. */
import type { Advance, SinkUnit, WriteOutcome } from "../../../core/ports/sink.ts";
import type { Reject } from "../../../core/reject.ts";
import type { SinkOutput } from "../../../core/result.ts";
import { PoisonScan, SAVEPOINT } from "./poison-scan.ts";
import { TableDoubt } from "./table-doubt.ts";
import { type UnitPlan, type UnitSettings, UnitTransaction } from "./unit-transaction.ts";

/**
 * One transaction with a feed a chunk (a COPY, a merge), each behind a savepoint.
 *
 * Deferred constraints are checked at the end of each, where their row can still be found. So in a careful unit a
 * row may not refer to one of a later chunk, even where the constraint is deferred.
 */
export class CarefulUnit implements SinkUnit {
  readonly #transaction: UnitTransaction;
  readonly #doubt = new TableDoubt();
  #begun = false;

  constructor(settings: UnitSettings, plan: UnitPlan) {
    this.#transaction = new UnitTransaction(settings, plan);
  }

  /** @throws MillraceError SINK_UNAVAILABLE, SINK_REFUSED or SINK_FAILED, never for what a row may be blamed for */
  async write(output: SinkOutput): Promise<WriteOutcome> {
    if (output.rows === 0) return { rejects: [] };
    await this.#begin();
    const rejects = await new PoisonScan(this.#transaction, output, this.#doubt).run();
    return { rejects: rejects.toSorted((a, b) => a.record - b.record) };
  }

  /**
   * @throws MillraceError SINK_REFUSED or SINK_FAILED when every record has met the same error and it is the table's
   * @throws MillraceError as `UnitTransaction.commit`
   */
  async commit(advances: readonly Advance[], rejects: readonly Reject[]): Promise<void> {
    const common = this.#doubt.commonError(advances.some(({ counts }) => counts.written > 0));
    if (common !== undefined) {
      await this.rollback();
      throw this.#transaction.failure(common, `${this.#transaction.doing}, with every row alike`);
    }
    await this.#transaction.commit(advances, rejects);
  }

  rollback(): Promise<void> {
    return this.#transaction.rollback();
  }

  async #begin(): Promise<void> {
    if (this.#begun) return;
    const connection = await this.#transaction.connection();
    await this.#transaction.prepareRows();
    await this.#transaction.step("preparing for bad rows", () =>
      connection.query(`SET CONSTRAINTS ALL IMMEDIATE;SAVEPOINT ${SAVEPOINT}`),
    );
    this.#begun = true;
  }
}
