/** The usual commit unit: one stream of rows, fed as chunks arrive. */
import type { FaultClass } from "../../../core/errors.ts";
import type { Advance, SinkUnit, WriteOutcome } from "../../../core/ports/sink.ts";
import type { Reject } from "../../../core/reject.ts";
import type { SinkOutput } from "../../../core/result.ts";
import { rowSlices } from "../../../core/row-forms.ts";
import { postgresError, serverError } from "../../../postgres/errors.ts";
import type { RowFeed } from "./modes/load.ts";
import { type UnitPlan, type UnitSettings, UnitTransaction } from "./unit-transaction.ts";

const NO_REJECTS: WriteOutcome = { rejects: [] };

/**
 * One transaction with one feed of rows. A row that the server refuses fails the whole unit with fault `record`: it is to be
 * sent again as a careful unit, which finds out whether a row is to blame.
 */
export class CopyUnit implements SinkUnit {
  readonly #transaction: UnitTransaction;
  /** Set as long as rows can be taken. */
  #feed: RowFeed | undefined;

  constructor(settings: UnitSettings, plan: UnitPlan) {
    this.#transaction = new UnitTransaction(settings, plan);
  }

  async write(output: SinkOutput): Promise<WriteOutcome> {
    if (output.rows === 0) return NO_REJECTS;
    for (const rows of rowSlices(output)) {
      const feed = (this.#feed ??= await this.#transaction.openRows(rows.form));
      await this.#feeding(() => feed.write(rows));
    }
    return NO_REJECTS;
  }

  commit(advances: readonly Advance[], rejects: readonly Reject[]): Promise<void> {
    return this.#transaction.commit(advances, rejects, async () => {
      const feed = this.#feed;
      if (feed) await this.#feeding(() => feed.finish());
      this.#feed = undefined;
    });
  }

  rollback(): Promise<void> {
    return this.#transaction.rollback(this.#feed !== undefined);
  }

  /** A COPY that has failed has ended: its session can be rolled back and used again. */
  async #feeding(work: () => Promise<unknown>): Promise<void> {
    const { doing, copyOf, settings } = this.#transaction;
    try {
      await this.#transaction.attempt(work);
    } catch (thrown) {
      const fault = this.#faultOf(thrown);
      this.#feed = undefined;
      await this.#transaction.rollback();
      throw postgresError(thrown, `${settings.label}: ${doing}`, { fault, copyOf });
    }
  }

  /** Any refusal of data that the server sent may be a single row's; only the careful unit can tell. */
  #faultOf(thrown: unknown): FaultClass {
    const fault = this.#transaction.faultOf(thrown);
    return fault === "fatal" && serverError(thrown) !== undefined ? "record" : fault;
  }
}
