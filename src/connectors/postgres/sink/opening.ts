/**
 * What a run does before its rows, in the transaction of its first unit: so all of it takes effect with the first rows or
 * not at all, and a run that goes on after a crash knows whether it has. Two processes may be at it, one of which was
 * stopped for too long: its unit is fenced off, and all this with it.
 */
import { MillraceError } from "../../../core/errors.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { isRunOpened, noteRunOpened, type RunKey } from "../../../postgres/runs.ts";

/** One step of it. */
export interface OpeningStep {
  /** @param first false: an earlier process has done what is done once a run */
  run(connection: Connection, first: boolean): Promise<void>;
}

/** The steps of one run. */
export class Opening {
  readonly #schema: string;
  readonly #key: RunKey;
  readonly #steps: readonly OpeningStep[];
  #isOpen = false;

  constructor(schema: string, key: RunKey, steps: readonly OpeningStep[]) {
    this.#schema = schema;
    this.#key = key;
    this.#steps = steps;
  }

  /** Whether a unit that did it was committed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Does what is to be done, inside a transaction. Throws what the driver throws, and what the steps throw. */
  async run(connection: Connection): Promise<void> {
    const first = !(await isRunOpened(connection, this.#schema, this.#key));
    for (const step of this.#steps) await step.run(connection, first);
  }

  /**
   * Notes that it is done, at the transaction's end: whoever stops in the middle of it must not hold up the process that
   * goes on with the run. Throws what the driver throws.
   */
  async note(connection: Connection): Promise<void> {
    await noteRunOpened(connection, this.#schema, this.#key);
  }

  /** The transaction was committed. */
  committed(): void {
    this.#isOpen = true;
  }
}

/**
 * Runs the user's SQL inside the transaction. Throws what the driver throws.
 *
 * @param option its key, for messages
 * @throws MillraceError CONFIG_INVALID when it ended the transaction that it stands in
 */
export async function runUserSql(connection: Connection, option: "before" | "after", sql: string): Promise<void> {
  await connection.query(sql);
  if (!connection.idle) return;
  throw new MillraceError(
    "CONFIG_INVALID",
    `${option}: it ended the transaction that it runs in; leave COMMIT and ROLLBACK out of it`,
  );
}
