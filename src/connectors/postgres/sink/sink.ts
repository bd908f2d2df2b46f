/** The Postgres sink: looks at the table, says what rows have to look like, and opens writers. */
import type { EncodeSpec } from "../../../core/ports/format.ts";
import type {
  BoundSink,
  SinkConnector,
  SinkContext,
  SinkSession,
  SinkWriter,
  UnfinishedRun,
} from "../../../core/ports/sink.ts";
import type { RejectShelf } from "../../../core/ports/reject-shelf.ts";
import type { Pruned, Retention } from "../../../core/ports/retention.ts";
import { MillraceError } from "../../../core/errors.ts";
import { assertColumns } from "../../../postgres/catalogue.ts";
import type { ConnectTarget } from "../../../postgres/connect.ts";
import { connect } from "../../../postgres/connect.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { postgresError } from "../../../postgres/errors.ts";
import { parseTableName } from "../../../postgres/identifiers.ts";
import { groupRejects, listRejects, settleRejects, takeRejects } from "../../../postgres/reject-shelf.ts";
import { pruneWithData } from "../../../postgres/retention.ts";
import { noteRunEnded, readUnfinishedRuns } from "../../../postgres/runs.ts";
import { hasStateTables } from "../../../postgres/state-schema.ts";
import { assertBuilt } from "../not-built.ts";
import { type WritingMode, writingMode } from "./modes/writing-mode.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { openDesk } from "./positions.ts";
import { RunFrame } from "./run-frame.ts";
import { readSsl } from "../ssl.ts";
import { loadingTable } from "./replace/replacement.ts";
import { dropLoadingTable } from "./replace/loading-table.ts";
import { shownWay, type Way, wayOf } from "./replace/way.ts";
import { type Found, findTable, TargetTable } from "./target-table.ts";
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
    const { way, ...found } = await ask(target, `sink "${context.name}": reading the table`, async (connection) => {
      const there = await findTable(connection, name, options);
      return { ...there, way: await replacementWay(connection, there, options) };
    });
    const label = `sink "${context.name}": table "${options.table}"`;
    const table = new TargetTable(found, options, context.declared);
    const mode = modeOf(options, table, label);
    assertColumns(table.with(namesOf(options, mode)), namesOf(options, mode), label);
    return new BoundPostgresSink(options, context, target, table, { ...mode, way });
  },
  positions: openDesk,
};

/** A table that was found, with the columns it takes. */
class BoundPostgresSink implements BoundSink {
  readonly label: string;
  readonly encode: EncodeSpec;
  readonly positions = "sink";
  readonly resume = "position";
  readonly appends: boolean;
  readonly repeatable: boolean;
  readonly known?: readonly string[];
  readonly keyless: boolean;
  readonly found?: string;
  readonly #options: PostgresSinkOptions;
  readonly #context: SinkContext;
  readonly #target: Omit<ConnectTarget, "applicationName">;
  readonly #table: TargetTable;

  constructor(
    options: PostgresSinkOptions,
    context: SinkContext,
    target: Omit<ConnectTarget, "applicationName">,
    table: TargetTable,
    { always, extra, way }: WritingMode & { readonly way: Way | null },
  ) {
    this.label = `postgres ${options.table}`;
    this.#options = options;
    this.#context = context;
    this.#target = target;
    this.#table = table;
    const { columns, rowsMayWait } = table.found.table;
    const writable = columns.filter((column) => !column.generated);
    const types = Object.fromEntries(writable.map((column) => [column.name, column.type]));
    if (!table.grows) this.known = [...Object.keys(types), ...(extra === undefined ? [] : [extra])];
    this.appends = options.mode === "append" || options.mode === "insert";
    this.repeatable = options.mode === "upsert" || options.mode === "insertIgnore";
    this.keyless = this.appends && !rowsMayWait;
    const asked = options.columns && [...new Set([...options.columns, ...(extra === undefined ? [] : [extra])])];
    if (way !== null) this.found = shownWay(way);
    this.encode = {
      sink: context.name,
      format: "pg-copy",
      options: { types: table.grows ? { ...declaredTypes(table, context), ...types } : types },
      columns: asked?.map((column) => outputColumn(column, types)) ?? null,
      needsColumns: true,
      onUnknownField: options.onUnknownField === "ignore" ? "ignore" : "error",
      ...(always.length > 0 && { always }),
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
    return this.#ask("giving up a run", async (connection) => {
      await noteRunEnded(connection, this.#options.stateSchema, key, "abandoned");
      if (this.#options.mode === "replace")
        await dropLoadingTable(connection, loadingTable(this.#table.found.table, run));
    });
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
    const label = `sink "${session.sink}" (postgres ${name})`;
    const writer = new PostgresWriter(
      {
        label,
        target: this.#target,
        frame: new RunFrame({
          options: this.#options,
          session,
          target: this.#table,
          label,
          clock: this.#context.clock,
        }),
        mostConnections: pool?.max,
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

/** How the rows of a table will be replaced; null: they will not, or the table is not there yet. */
async function replacementWay(
  connection: Connection,
  { table, isThere }: Found,
  { mode, table: name }: PostgresSinkOptions,
): Promise<Way | null> {
  if (mode !== "replace" || !isThere) return null;
  if (table.kind === "table" || table.kind === "partitioned") return await wayOf(connection, table);
  const what = table.kind === "view" ? "a view" : "a foreign table";
  throw new MillraceError("CONFIG_INVALID", `mode: replace: "${name}" is ${what}; name the table itself`);
}

/** Also of a table that is not there yet, as far as the job says what it will have. */
function modeOf(options: PostgresSinkOptions, table: TargetTable, label: string): WritingMode {
  const wanted = [
    ...(options.columns ?? []),
    ...(options.key ?? []),
    ...(options.onlyNewer === undefined ? [] : [options.onlyNewer]),
  ];
  return writingMode(options, { table: table.with(wanted), keys: table.found.keys, label });
}

function namesOf({ columns = [] }: PostgresSinkOptions, { extra }: WritingMode): readonly string[] {
  return columns.filter((name) => name !== extra);
}

/** The types of columns that the run may add. */
function declaredTypes(table: TargetTable, { declared = {} }: SinkContext): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(declared).map((name) => [name, table.typeOf(name)]));
}

function outputColumn(name: string, types: Readonly<Record<string, string>>) {
  const type = types[name];
  return type === undefined ? { name } : { name, type };
}
