/** One run's writing into a table: what comes before its rows, how they get there, and what comes behind them. */
import type { Clock } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import type { SinkSession } from "../../../core/ports/sink.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { lockRun, noteRunEnded } from "../../../postgres/runs.ts";
import type { MakeLoad } from "./modes/load.ts";
import { columnsOf, type WritingMode, writingMode } from "./modes/writing-mode.ts";
import type { CopyForms } from "./copy-forms.ts";
import { Opening, type OpeningStep, runUserSql } from "./opening.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { Replacement } from "./replace/replacement.ts";
import type { TargetTable } from "./target-table.ts";

/** What a {@link RunFrame} is made of. */
export interface RunFrameOptions {
  readonly options: PostgresSinkOptions;
  readonly session: SinkSession;
  readonly target: TargetTable;
  readonly forms: CopyForms;
  /** For messages. */
  readonly label: string;
  readonly clock: Clock;
}

/** Does something inside a transaction of its own. */
type InTransaction = (work: (connection: Connection) => Promise<void>) => Promise<void>;

/** The frame of one run. */
export class RunFrame {
  /** Undefined where the rows come first, and where it has a transaction of its own. */
  readonly opening: Opening | undefined;
  readonly lanes: 1 | 2;
  readonly #options: PostgresSinkOptions;
  readonly #session: SinkSession;
  readonly #target: TargetTable;
  readonly #forms: CopyForms;
  readonly #label: string;
  /** Mode replace; but what is added to what was replaced before goes where that is. */
  readonly #replacement: Replacement | undefined;
  readonly #opening: Opening | undefined;
  #columns: readonly string[] = [];

  constructor({ options, session, target, forms, label, clock }: RunFrameOptions) {
    this.#options = options;
    this.#session = session;
    this.#target = target;
    this.#forms = forms;
    this.#label = label;
    const { stateSchema, mode } = options;
    const { table } = target.found;
    if (mode === "replace" && session.adds !== true) {
      this.#replacement = new Replacement({ table, session, stateSchema, clock, label });
    }
    const steps = this.#steps();
    this.#opening = steps.length === 0 ? undefined : new Opening(options.stateSchema, session, steps);
    this.opening = this.#replacement === undefined ? this.#opening : undefined;
    const copies = mode === "append" || mode === "replace";
    const alone = this.#opening !== undefined || !copies || table.rowsMayWait;
    this.lanes = alone ? 1 : 2;
  }

  /** Whether what comes behind the rows must not be done twice. */
  get endsOnce(): boolean {
    return this.#replacement !== undefined || this.#options.after !== undefined;
  }

  /** A unit's way into the table. @throws MillraceError COLUMN_UNKNOWN, CONFIG_INVALID */
  loadOf(columns: readonly string[]): MakeLoad {
    this.#columns = columns;
    this.#forms.assertWritten(columnsOf(this.#target.with(columns), columns), this.#label);
    const mode = this.#mode(columns);
    return mode.loadInto(this.#replacement?.loading ?? this.#target.found.table, columns);
  }

  /**
   * What mode replace does before a unit: before the first one what comes before the run's rows. Nobody sees them before
   * the run's end, so this need not be in their transaction; and there it would keep a process from going on with the run
   * as long as a stopped one is in its first unit.
   *
   * @throws MillraceError FENCED when the run has ended or was given up
   */
  async beginUnit(inTransaction: InTransaction): Promise<void> {
    const opening = this.#opening;
    if (this.#replacement === undefined || !this.#hasTable) return;
    if (opening?.isOpen !== false) return this.assertRunning(inTransaction);
    await inTransaction(async (connection) => {
      await this.#lockRunning(connection);
      await opening.run(connection);
      await opening.note(connection);
    });
    opening.committed();
  }

  /** @throws MillraceError FENCED when another process has ended the run of mode replace, or has given it up */
  async assertRunning(inTransaction: InTransaction): Promise<void> {
    if (this.#replacement === undefined) return;
    await inTransaction(async (connection) => {
      const state = await this.#lockRunning(connection);
      if (state === "running") return;
      throw new MillraceError(
        "FENCED",
        `${this.#label}: run ${this.#session.run} has ended: another process has taken it over, and nothing of this unit was written`,
      );
    });
  }

  /**
   * Does what comes behind the last row, inside a transaction; once a run. Throws what the driver throws.
   *
   * @throws MillraceError FENCED when the run was given up
   */
  async end(connection: Connection): Promise<void> {
    const { stateSchema, after } = this.#options;
    if ((await this.#lockRunning(connection)) === "succeeded") return;
    if (this.#hasTable) {
      if (this.#opening?.isOpen === false) await this.#opening.run(connection);
      await this.#replacement?.end(connection);
    }
    if (after !== undefined) await runUserSql(connection, "after", after);
    await noteRunEnded(connection, stateSchema, this.#session, "succeeded");
  }

  async #lockRunning(connection: Connection): Promise<"running" | "succeeded"> {
    const { run } = this.#session;
    const state = await lockRun(connection, this.#options.stateSchema, this.#session);
    if (state === "running" || state === "succeeded") return state;
    throw new MillraceError("FENCED", `${this.#label}: run ${run} was given up by another process`);
  }

  /** Without a record nobody knows the columns of a table that is not there. */
  get #hasTable(): boolean {
    return this.#target.found.isThere || this.#columns.length > 0;
  }

  #mode(columns: readonly string[]): WritingMode {
    const { keys } = this.#target.found;
    const { binary } = this.#forms;
    return writingMode(this.#options, { table: this.#target.with(columns), keys, binary, label: this.#label });
  }

  #steps(): readonly OpeningStep[] {
    const { before } = this.#options;
    const replacement = this.#replacement;
    return [
      ...(this.#target.grows ? [this.#growing()] : []),
      ...(before === undefined ? [] : [beforeStep(before)]),
      ...(replacement === undefined ? [] : [replacement]),
    ];
  }

  #growing(): OpeningStep {
    return {
      run: async (connection) => {
        const statement = this.#target.growing(this.#columns);
        if (statement !== null) await connection.query(statement);
      },
    };
  }
}

function beforeStep(sql: string): OpeningStep {
  return {
    run: async (connection, first) => {
      if (first) await runUserSql(connection, "before", sql);
    },
  };
}
