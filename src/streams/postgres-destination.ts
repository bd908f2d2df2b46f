/** A Postgres table as a destination: COPY, in one transaction or in several. */
import { onAbort } from "../core/abort.ts";
import { abortError } from "../core/clock.ts";
import { type FaultClass, isMillraceError, MillraceError } from "../core/errors.ts";
import type { EncodeSpec, RowForm } from "../core/ports/format.ts";
import { rowSlices } from "../core/row-forms.ts";
import { assertColumns, readTable, type Table } from "../postgres/catalogue.ts";
import { connect } from "../postgres/connect.ts";
import type { Connection } from "../postgres/connection.ts";
import { copyLine, faultOf, postgresError, serverError } from "../postgres/errors.ts";
import { parseTableName } from "../postgres/identifiers.ts";
import { RowCopies } from "../postgres/row-copies.ts";
import { beginTransaction, commitTransaction } from "../postgres/transaction.ts";
import type { Rows, RowTarget } from "./row-target.ts";
import type { WritePostgresOptions } from "./write-postgres.ts";
import type { Destination } from "./write-records.ts";

/**
 * Connects and looks at the table.
 *
 * @throws MillraceError TABLE_UNKNOWN, COLUMN_UNKNOWN, CONFIG_INVALID, SINK_UNAVAILABLE, SINK_REFUSED
 */
export async function postgresDestination(options: WritePostgresOptions): Promise<Destination> {
  const { url, ssl, signal, columns, commitEvery = Number.POSITIVE_INFINITY } = options;
  if (!(commitEvery >= 1)) {
    throw new MillraceError("CONFIG_INVALID", `writePostgres: commitEvery: expected at least 1, got ${commitEvery}`);
  }
  const name = parseTableName(options.table);
  const applicationName = "millrace writePostgres";
  await using opened = new AsyncDisposableStack();
  const connection = opened.use(
    await connect({ url, applicationName, ...(ssl !== undefined && { ssl }), ...(signal && { signal }) }),
  );
  const label = `writePostgres: table "${options.table}"`;
  const table = await asking(connection, `${label}: reading the table`, () => readTable(connection, name));
  if (columns) assertColumns(table, columns, label);
  // A COPY that waits for the server is ended by the session's end alone.
  if (signal) opened.use(onAbort(signal, () => void connection[Symbol.asyncDispose]()));
  const kept = opened.move();
  return {
    encode: encodeSpec(table, options),
    async open(found): Promise<RowTarget> {
      if (found) assertColumns(table, found, label);
      return new CopyTarget({ connection, table, label, columns: found ?? [], commitEvery, signal });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function encodeSpec(table: Table, { columns, onUnknownField = "error" }: WritePostgresOptions): EncodeSpec {
  const types = Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
  return {
    sink: "table",
    format: "pg-copy-binary",
    options: { types },
    columns: columns?.map((name) => ({ name })) ?? null,
    needsColumns: true,
    onUnknownField,
  };
}

/** What a {@link CopyTarget} writes into. */
interface CopySettings {
  readonly connection: Connection;
  readonly table: Table;
  /** For messages. */
  readonly label: string;
  readonly columns: readonly string[];
  readonly commitEvery: number;
  readonly signal: AbortSignal | undefined;
}

/** Rows into a table. Whatever is not committed when it is disposed is rolled back by the session's end. */
class CopyTarget implements RowTarget {
  readonly keepsBytes = true;
  readonly #settings: CopySettings;
  #copies: RowCopies | undefined;
  /** Rows of the open transaction, and those that are committed. */
  #open = 0;
  #committed = 0;

  constructor(settings: CopySettings) {
    this.#settings = settings;
  }

  async write({ bytes, count, ends, turns }: Rows): Promise<void> {
    await this.#step("COPY", async () => {
      for (const rows of rowSlices({ bytes, rows: count, rowEnds: ends, turns })) {
        this.#copies ??= await this.#begin(rows.form);
        await this.#copies.write(rows);
      }
    });
    this.#open += count;
    if (this.#open >= this.#settings.commitEvery) await this.#commit();
  }

  async finish(): Promise<void> {
    await this.#commit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The session ends with its destination, and with the session what was not committed.
  }

  async #begin(form: RowForm): Promise<RowCopies> {
    const { connection, table, columns } = this.#settings;
    await beginTransaction(connection);
    return RowCopies.open(connection, { into: table, columns, binary: true }, form);
  }

  async #commit(): Promise<void> {
    const copies = this.#copies;
    if (copies === undefined) return;
    await this.#step("COPY", () => copies.finish());
    this.#copies = undefined;
    await this.#step("committing", () => commitTransaction(this.#settings.connection));
    this.#committed += this.#open;
    this.#open = 0;
  }

  async #step<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw this.#failure(thrown, doing);
    }
  }

  /** Says which row the server refused, and how many are loaded for good. */
  #failure(thrown: unknown, doing: string): MillraceError {
    const { connection, table, label, signal } = this.#settings;
    if (signal?.aborted && !isMillraceError(thrown, "COMMIT_AMBIGUOUS")) return abortError(signal);
    const fault: FaultClass = connection.lost ? "transient" : faultOf(thrown);
    const server = serverError(thrown);
    const line = server === undefined ? undefined : copyLine(server, table.table);
    const before = this.#committed + (this.#copies?.rowsBefore ?? 0);
    const row = line === undefined ? "" : `, row ${(before + line).toLocaleString("en-US")}`;
    const error = postgresError(thrown, `${label}: ${doing}${row}`, { fault, copyOf: table.table });
    const details = { ...error.details, committed: this.#committed };
    return new MillraceError(error.code, error.message, { cause: error.cause, fault: error.fault, details });
  }
}

/** Asks the server something. */
async function asking<T>(connection: Connection, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw postgresError(thrown, `${doing} in ${connection.label}`);
  }
}
