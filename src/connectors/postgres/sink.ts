/** The Postgres sink: looks at the table, says what rows have to look like, and opens writers. */
import type { EncodeSpec } from "../../core/ports/format.ts";
import type {
  BoundSink,
  SinkConnector,
  SinkContext,
  SinkSession,
  SinkWriter,
  UnfinishedRun,
} from "../../core/ports/sink.ts";
import type { RejectShelf } from "../../core/ports/reject-shelf.ts";
import type { Pruned, Retention } from "../../core/ports/retention.ts";
import type { Table } from "../../postgres/catalogue.ts";
import { assertColumns, readTable } from "../../postgres/catalogue.ts";
import type { ConnectTarget } from "../../postgres/connect.ts";
import { connect } from "../../postgres/connect.ts";
import type { Connection } from "../../postgres/connection.ts";
import { postgresError } from "../../postgres/errors.ts";
import { parseTableName } from "../../postgres/identifiers.ts";
import { groupRejects, listRejects, settleRejects, takeRejects } from "../../postgres/reject-shelf.ts";
import { pruneWithData } from "../../postgres/retention.ts";
import { noteRunEnded, readUnfinishedRuns } from "../../postgres/runs.ts";
import { hasStateTables } from "../../postgres/state-schema.ts";
import { assertBuilt } from "./not-built.ts";
import type { PostgresSinkOptions } from "./options.ts";
import { openDesk } from "./positions.ts";
import { readSsl } from "./ssl.ts";
import { PostgresWriter } from "./writer.ts";

/** The code behind `sink: {type: postgres}`. */
export const postgresSink: SinkConnector<PostgresSinkOptions> = {
  async resolve(options, context) {
    assertBuilt(options, context.name);
    const name = parseTableName(options.table);
    const ssl = await readSsl(options.ssl, context.baseDir);
    const target = {
      url: options.url,
      ...(ssl !== undefined && { ssl }),
      ...(context.signal && { signal: context.signal }),
    };
    const table = await ask(target, `sink "${context.name}": reading the table`, (connection) =>
      readTable(connection, name),
    );
    assertColumns(table, options.columns ?? [], `sink "${context.name}": table "${options.table}"`);
    return new BoundPostgresSink(options, context, target, table);
  },
  positions: openDesk,
};

/** A table that was found, with the columns it takes. */
class BoundPostgresSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions = "sink";
  readonly resume = "position";
  readonly appends = true;
  readonly known: readonly string[];
  readonly keyless: boolean;
  readonly #options: PostgresSinkOptions;
  readonly #context: SinkContext;
  readonly #target: Omit<ConnectTarget, "applicationName">;
  readonly #table: Table;

  constructor(
    options: PostgresSinkOptions,
    context: SinkContext,
    target: Omit<ConnectTarget, "applicationName">,
    table: Table,
  ) {
    this.label = `postgres ${options.table}`;
    this.#options = options;
    this.#context = context;
    this.#target = target;
    this.#table = table;
    const writable = table.columns.filter((column) => !column.generated);
    const types = Object.fromEntries(writable.map((column) => [column.name, column.type]));
    this.known = Object.keys(types);
    this.keyless = !table.rowsMayWait;
    this.encode = {
      sink: context.name,
      format: "pg-copy",
      options: { types },
      columns: options.columns?.map((column) => outputColumn(column, types)) ?? null,
      needsColumns: true,
      onUnknownField: options.onUnknownField === "ignore" ? "ignore" : "error",
    };
  }

  unfinished(job: string): Promise<readonly UnfinishedRun[]> {
    const { stateSchema } = this.#options;
    return this.#ask("looking for unfinished runs", async (connection) =>
      (await hasStateTables(connection, stateSchema))
        ? await readUnfinishedRuns(connection, stateSchema, job, this.#context.name)
        : [],
    );
  }

  abandon(job: string, run: string): Promise<void> {
    const key = { job, run, sink: this.#context.name };
    return this.#ask("giving up a run", (connection) =>
      noteRunEnded(connection, this.#options.stateSchema, key, "abandoned"),
    );
  }

  prune(job: string, retention: Retention, isOver: (run: string) => Promise<boolean>): Promise<Pruned> {
    const { stateSchema } = this.#options;
    const key = { job, sink: this.#context.name };
    return this.#ask("dropping old history", async (connection) =>
      (await hasStateTables(connection, stateSchema))
        ? await pruneWithData(connection, stateSchema, key, retention, isOver)
        : { runs: 0, rejects: 0 },
    );
  }

  get rejects(): RejectShelf {
    const { stateSchema } = this.#options;
    const ask = <T>(doing: string, none: T, work: (connection: Connection) => Promise<T>): Promise<T> =>
      this.#ask(`${doing} rejects`, async (connection) =>
        (await hasStateTables(connection, stateSchema)) ? await work(connection) : none,
      );
    return {
      listRejects: (filter) => ask("listing", [], (connection) => listRejects(connection, stateSchema, filter)),
      groupRejects: (filter) => ask("counting", [], (connection) => groupRejects(connection, stateSchema, filter)),
      takeRejects: (filter, replay) =>
        ask("taking", undefined, (connection) => takeRejects(connection, stateSchema, filter, replay)),
      settleRejects: (settlement) =>
        ask("settling", undefined, (connection) => settleRejects(connection, stateSchema, settlement)),
    };
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    const { table: name, pool, stateSchema, statementTimeout } = this.#options;
    const writer = new PostgresWriter(
      {
        label: `sink "${session.sink}" (postgres ${name})`,
        target: this.#target,
        table: this.#table,
        lanes: this.#table.rowsMayWait || pool?.max === 2 ? 1 : 2,
        stateSchema,
        statementTimeoutMs: statementTimeout,
        idleTimeoutMs: pool?.idleTimeout,
        maxLifetimeMs: pool?.maxLifetime,
        clock: this.#context.clock,
      },
      session,
    );
    try {
      await writer.start();
    } catch (thrown) {
      await writer[Symbol.asyncDispose]();
      throw thrown;
    }
    return writer;
  }

  /** Holds nothing between calls: a job may wait long between check and run. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #ask<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return ask(this.#target, `sink "${this.#context.name}": ${doing}`, work);
  }
}

/** How long a look at the catalogue waits for somebody's lock on the table; then it counts as away for a moment. */
const LOCK_TIMEOUT = "5s";

/** Asks something over a session of its own. */
async function ask<T>(
  target: Omit<ConnectTarget, "applicationName">,
  doing: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  await using connection = await connect({ ...target, applicationName: "millrace" });
  try {
    await connection.query(`SET lock_timeout = '${LOCK_TIMEOUT}'`);
    return await work(connection);
  } catch (thrown) {
    throw postgresError(thrown, `${doing} in ${connection.label}`);
  }
}

function outputColumn(name: string, types: Readonly<Record<string, string>>) {
  const type = types[name];
  return type === undefined ? { name } : { name, type };
}
