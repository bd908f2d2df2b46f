/**
 * Rows copied into a temporary table and merged from there: modes upsert and insertIgnore.
 *
 * The temporary table lasts as long as the transaction, so that nothing depends on which session comes next: a pooler in
 * transaction mode may stand in between.
 */
import type { RowForm } from "../../../../core/ports/format.ts";
import type { Connection } from "../../../../postgres/connection.ts";
import { RowCopies } from "../../../../postgres/row-copies.ts";
import type { Load, RowFeed } from "./load.ts";
import type { MergeStatements } from "./merge-statements.ts";
import { STAGE } from "./stage.ts";

/** COPY, then INSERT .. SELECT. */
export class StagedLoad implements Load {
  readonly doing = "merging rows";
  readonly copyOf = STAGE;
  readonly #statements: MergeStatements;
  #used = false;

  constructor(statements: MergeStatements) {
    this.#statements = statements;
  }

  async prepare(connection: Connection): Promise<void> {
    await connection.query(this.#statements.create);
  }

  /** What an earlier feed left there is in the table by now. */
  async open(connection: Connection, form: RowForm): Promise<RowFeed> {
    const { copy, empty, merge } = this.#statements;
    if (this.#used) await connection.query(empty);
    this.#used = true;
    const copies = await RowCopies.open(connection, copy, form);
    return {
      get rowsBefore() {
        return copies.rowsBefore;
      },
      get isBinary() {
        return copies.isBinary;
      },
      write: (rows) => copies.write(rows),
      finish: async () => {
        await copies.finish();
        await connection.query(merge);
      },
    };
  }
}
