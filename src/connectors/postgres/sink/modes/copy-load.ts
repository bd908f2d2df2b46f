/** Rows copied straight into the table: modes append and replace. */
import type { RowForm } from "../../../../core/ports/format.ts";
import type { Connection } from "../../../../postgres/connection.ts";
import { type CopyTarget, RowCopies } from "../../../../postgres/row-copies.ts";
import type { Load, RowFeed } from "./load.ts";

/** `COPY table (columns) FROM STDIN`. */
export class CopyLoad implements Load {
  readonly doing = "COPY";
  readonly copyOf: string;
  readonly #target: CopyTarget;

  constructor(target: CopyTarget) {
    this.copyOf = target.into.table;
    this.#target = target;
  }

  async prepare(): Promise<void> {}

  open(connection: Connection, form: RowForm): Promise<RowFeed> {
    return RowCopies.open(connection, this.#target, form);
  }
}
