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
import { applicationName } from "../../../postgres/application-name.ts";
import type { Connection } from "../../../postgres/connection.ts";
import { parseTableName } from "../../../postgres/identifiers.ts";
import { applySettlement, groupRejects, listRejects, takeRejects } from "../../../postgres/reject-shelf.ts";
import { pruneWithData } from "../../../postgres/retention.ts";
import { noteRunEnded, readUnfinishedRuns } from "../../../postgres/runs.ts";
import { hasStateTables } from "../../../postgres/state-schema.ts";
import { CopyForms } from "./copy-forms.ts";
import { askedColumns, encodeSpec, type SinkShape } from "./encode-spec.ts";
import { columnsOf, type WritingMode, writingMode } from "./modes/writing-mode.ts";
import type { PostgresSinkOptions } from "../options.ts";
import { openDesk } from "./positions.ts";
import { RunFrame } from "./run-frame.ts";
import { SinkDatabase } from "./database.ts";
import { loadingTable } from "./replace/replacement.ts";
import { dropLoadingTable } from "./replace/loading-table.ts";
import { shownWay, type Way, wayOf } from "./replace/way.ts";
import { type Found, findTable, TargetTable } from "./target-table.ts";
import { PostgresWriter } from "./writer.ts";

/** The code behind `sink: {type: postgres}`. */
export const postgresSink: SinkConnector<PostgresSinkOptions> = {
  async resolve(options, context) {
    const name = parseTableName(options.table);
    const database = await SinkDatabase.of(options, context);
    const { way, ...found } = await database.ask("reading the table", async (connection) => {
      const there = await findTable(connection, name, options);
      return { ...there, way: await replacementWay(connection, there, options) };
    });
    const label = `sink "${context.name}": table "${options.table}"`;
    const table = new TargetTable(found, options, context.declared);
    const forms = new CopyForms(options, context.format);
    const mode = modeOf(options, table, forms, label);
    const names = namesOf(options, mode);
    assertColumns(table.with(names), names, label);
    forms.assertWritten(columnsOf(table.with(names), names), label);
    return new BoundPostgresSink({ options, context, table, mode, forms }, database, way);
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
  readonly found: string;
  readonly #shape: SinkShape;
  readonly #options: PostgresSinkOptions;
  readonly #context: SinkContext;
  readonly #database: SinkDatabase;
  readonly #table: TargetTable;

  constructor(shape: SinkShape, database: SinkDatabase, way: Way | null) {
    const { options, context, table, mode, forms } = shape;
    this.label = `postgres ${options.table}`;
    this.#shape = shape;
    this.#options = options;
    this.#context = context;
    this.#database = database;
    this.#table = table;
    const { columns, rowsMayWait } = table.found.table;
    const writable = columns.filter((column) => !column.generated);
    if (!table.grows) this.known = [...writable.map(({ name }) => name), ...(mode.extra ? [mode.extra.name] : [])];
    this.appends = options.mode === "append" || options.mode === "insert";
    this.repeatable = options.mode === "upsert" || options.mode === "insertIgnore";
    this.keyless = this.appends && !rowsMayWait;
    const asked = askedColumns(shape);
    const form = forms.shown(asked === undefined ? writable : columnsOf(table.with(asked), asked), asked !== undefined);
    this.found = way === null ? form : `${form}, ${shownWay(way)}`;
    this.encode = encodeSpec(shape);
  }

  unfinished(job: string): Promise<readonly UnfinishedRun[]> {
    const { stateSchema } = this.#options;
    return this.#database.ask("looking for unfinished runs", async (connection) =>
      (await hasStateTables(connection, stateSchema))
        ? await readUnfinishedRuns(connection, stateSchema, job, this.#context.name)
        : [],
    );
  }

  async abandon(job: string, run: string): Promise<void> {
    const key = { job, run, sink: this.#context.name };
    const { stateSchema, mode } = this.#options;
    await this.#database.ask("giving up a run", (connection) =>
      noteRunEnded(connection, stateSchema, key, "abandoned"),
    );
    if (mode !== "replace") return;
    // Who was stopped in the middle of it has to see first that it was given up.
    await this.#database.ask("dropping what a run had loaded", (connection) =>
      dropLoadingTable(connection, loadingTable(this.#table.found.table, run)),
    );
  }

  prune(job: string, retention: Retention, isOver: (run: string) => Promise<boolean>): Promise<Pruned> {
    const { stateSchema } = this.#options;
    const key = { job, sink: this.#context.name };
    return this.#database.askInSteps("dropping old history", async (connection) =>
      (await hasStateTables(connection, stateSchema))
        ? await pruneWithData(connection, stateSchema, key, retention, isOver)
        : { runs: 0, rejects: 0 },
    );
  }

  get rejects(): RejectShelf {
    const { stateSchema } = this.#options;
    const ask = <T>(doing: string, none: T, work: (connection: Connection) => Promise<T>): Promise<T> =>
      this.#database.ask(`${doing} rejects`, async (connection) =>
        (await hasStateTables(connection, stateSchema)) ? await work(connection) : none,
      );
    return {
      listRejects: (filter) => ask("listing", [], (connection) => listRejects(connection, stateSchema, filter)),
      groupRejects: (filter) => ask("counting", [], (connection) => groupRejects(connection, stateSchema, filter)),
      takeRejects: (filter, replay) =>
        ask("taking", undefined, (connection) => takeRejects(connection, stateSchema, filter, replay)),
      settleRejects: (settlement) =>
        ask("settling", undefined, (connection) => applySettlement(connection, stateSchema, settlement)),
    };
  }

  async open(session: SinkSession): Promise<SinkWriter> {
    const { table: name, stateSchema, statementTimeout } = this.#options;
    const label = `sink "${session.sink}" (postgres ${name})`;
    const writer = new PostgresWriter(
      {
        label,
        access: { ...this.#database.access, name: applicationName(session.job, session.run) },
        frame: new RunFrame({
          options: this.#options,
          session,
          target: this.#table,
          forms: this.#shape.forms,
          label,
          clock: this.#context.clock,
        }),
        stateSchema,
        statementTimeoutMs: statementTimeout,
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
function modeOf(options: PostgresSinkOptions, table: TargetTable, { binary }: CopyForms, label: string): WritingMode {
  const wanted = [
    ...(options.columns ?? []),
    ...(options.key ?? []),
    ...(options.onlyNewer === undefined ? [] : [options.onlyNewer]),
  ];
  return writingMode(options, { table: table.with(wanted), keys: table.found.keys, binary, label });
}

function namesOf({ columns = [] }: PostgresSinkOptions, { extra }: WritingMode): readonly string[] {
  return columns.filter((name) => name !== extra?.name);
}
