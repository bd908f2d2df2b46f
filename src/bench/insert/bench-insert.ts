/** `millrace bench insert`: the ways to get a job's own rows into a table like its own, measured beside each other. */
import type { Job } from "../../config/job.ts";
import { readSsl } from "../../connectors/postgres/ssl.ts";
import { type Found, findTable } from "../../connectors/postgres/sink/target-table.ts";
import { columnsOf } from "../../connectors/postgres/sink/modes/writing-mode.ts";
import type { Clock } from "../../core/clock.ts";
import type { Observer } from "../../core/ports/observer.ts";
import { newRunId, type Random } from "../../core/random.ts";
import { formatCounted } from "../../observability/figures.ts";
import { describe } from "../../pipeline/describe.ts";
import { renamed } from "../../pipeline/resolve.ts";
import { connect, type ConnectTarget } from "../../postgres/connect.ts";
import { postgresError } from "../../postgres/errors.ts";
import { parseTableName } from "../../postgres/identifiers.ts";
import { benchSink, type BenchSink } from "./bench-sink.ts";
import { copyRefusal } from "./copy-refusal.ts";
import { apartByKeys, loadableRows } from "./loadable-rows.ts";
import { measureWays } from "./measure-ways.ts";
import { type InsertReport, reportOf } from "./report.ts";
import { readSample } from "./sample.ts";
import { createScratch, dropStatement, type ScratchName, scratchName } from "./scratch-table.ts";

/** What is measured, and how. */
export interface BenchInsertOptions {
  /** The sink, where the job has several of Postgres. */
  readonly sink?: string;
  /** Source records that are read at most. */
  readonly records: number;
  /** How often every way is measured. */
  readonly rounds: number;
  /** How long one load may take; rows that do not fit are left out. */
  readonly limitMs: number;
  /** Whether the scratch table has the indexes and constraints of the job's. */
  readonly indexes: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted: nothing more is measured, and the scratch table is dropped. */
  readonly signal: AbortSignal;
  /** Told what goes on, a line each time. */
  readonly tell: (line: string) => void;
  readonly observers: readonly Observer[];
}

/** The job's table as it was found. */
interface Target {
  readonly found: Found;
  /** Why it takes no COPY; null: it does. */
  readonly noCopy: string | null;
}

/**
 * Measures. Writes nothing into the job's sinks and moves none of its positions.
 *
 * @throws MillraceError USAGE when there is no such sink, or nothing to load; SINK_REFUSED when the role may make no table;
 *   ABORTED; and whatever keeps a run from beginning
 */
export async function benchInsert(job: Job, options: BenchInsertOptions): Promise<InsertReport> {
  const { clock, random, tell } = options;
  const sink = benchSink(job, options.sink);
  const target = await targetOf(job, sink);
  const { found, noCopy } = await lookAt(target, sink);
  tell(`reading ${formatCounted(options.records, "record")} of ${job.name} at most`);
  const sample = await readSample({ ...options, job, sink: sink.name, options: sink.options, table: found.table });
  const into = scratchName(found.table, newRunId(clock.now(), random));
  await using scratch = new AsyncDisposableStack();
  await using connection = await connect(target);
  const table = await createScratch(connection, into, {
    found,
    options: sink.options,
    declared: renamed(describe(job).decode),
    columns: sample.columns,
    indexes: options.indexes,
  });
  scratch.defer(() => drop(target, into, tell));
  const place = `${into.schema}.${into.table}, dropped at the end; after a kill: ${dropStatement(into)}`;
  tell(`${formatCounted(sample.rows.rows, "row")} into ${place}`);
  const apart = apartByKeys(sample.rows, sample.columns, options.indexes ? found.keys : []);
  const rows = await loadableRows(connection, into, sample.columns, apart);
  const columns = columnsOf(table, sample.columns);
  const about = { target, connection, into, columns, rows, unitBytes: job.commit.bytes, noCopy };
  const measured = await measureWays({ ...options, ...about });
  return reportOf({ ...options, job, sink, sample, loaded: rows, measured });
}

async function targetOf({ name, baseDir }: Job, { options: { url, ssl: given } }: BenchSink): Promise<ConnectTarget> {
  const ssl = await readSsl(given, baseDir);
  return { url, ...(ssl !== undefined && { ssl }), applicationName: `millrace bench ${name}` };
}

async function lookAt(target: ConnectTarget, { name, options }: BenchSink): Promise<Target> {
  await using connection = await connect(target);
  try {
    const found = await findTable(connection, parseTableName(options.table), options);
    // The other modes copy into a temporary table.
    const copies = options.mode === "append" || options.mode === "insert" || options.mode === "replace";
    const noCopy = found.isThere && copies ? await copyRefusal(connection, found.table) : null;
    return { found, noCopy };
  } catch (thrown) {
    throw postgresError(thrown, `sink "${name}": reading the table in ${connection.label}`);
  }
}

/** In a session of its own: the one that was measured may be lost. */
async function drop(target: ConnectTarget, name: ScratchName, tell: (line: string) => void): Promise<void> {
  try {
    await using connection = await connect(target);
    await connection.query(dropStatement(name));
  } catch (thrown) {
    const { message } = postgresError(thrown, "the scratch table could not be dropped");
    tell(`${message}; say it yourself: ${dropStatement(name)}`);
  }
}
