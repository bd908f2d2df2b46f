/**
 * A sink of one's own: rows into a SQLite table, with their positions in the same transaction.
 *
 *     sink: { type: module, module: ./sqlite-table.ts, options: { file: orders.db, table: orders } }
 */
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  type Advance,
  type BoundSink,
  type Claim,
  defineSink,
  MillraceError,
  NO_COUNTS,
  type Progress,
  rowsOf,
  type SinkContext,
  type SinkSession,
  type SinkUnit,
  type SinkWriter,
  withoutRecords,
  type WriteReject,
} from "millrace/connectors";
import { z } from "zod";

const options = z.strictObject({ file: z.string().min(1), table: z.string().min(1) });
type Options = z.output<typeof options>;

/** `effect: "once"` is a promise: whatever happens, a unit that is sent again changes nothing. The cases hold it to that. */
export const sink = defineSink({ name: "sqlite", effect: "once", options, resolve });

/** Looks at the world, and writes nothing: `check --connect` comes here too. */
async function resolve({ file, table }: Options, { name, baseDir }: SinkContext): Promise<BoundSink> {
  const place = path.resolve(baseDir, file);
  const columns = columnsOf(place, table);
  if (columns.length === 0)
    throw new MillraceError("TABLE_UNKNOWN", `sink.options.table: ${file} has no table ${table}`);
  return {
    label: `sqlite ${table}`,
    // The threads hand over JSON lines, which are easy to take apart; `known` lets a wrong field fail before the first row.
    encode: { sink: name, format: "jsonl", options: {}, columns: null, needsColumns: false, onUnknownField: "error" },
    known: columns,
    positions: "sink",
    resume: "position",
    appends: true,
    open: async (session) => new SqliteWriter(place, table, columns, session),
    [Symbol.asyncDispose]: async () => {},
  };
}

function columnsOf(file: string, table: string): string[] {
  using database = open(file);
  const found = database.prepare("SELECT name FROM pragma_table_info(?)").all(table) as { name: string }[];
  return found.map(({ name }) => name);
}

/** A file that another process writes to is waited for; what SQLite says then is worth another try. */
function open(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 5_000 });
  } catch (cause) {
    throw new MillraceError("SINK_UNAVAILABLE", `sqlite ${file} cannot be opened`, { cause });
  }
}

const PROGRESS = `CREATE TABLE IF NOT EXISTS millrace_progress (
  job TEXT, scope TEXT, sink TEXT, split TEXT, epoch INTEGER, ordinal TEXT, token TEXT, line INTEGER, counts TEXT, fingerprint TEXT,
  PRIMARY KEY (job, scope, sink, split)
)`;
/** Of one (job, scope, sink): its parameters come first in every statement. */
const MINE = "job = ? AND scope = ? AND sink = ?";

type Key = [job: string, scope: string, sink: string];

interface Row {
  readonly split: string;
  readonly epoch: number;
  readonly ordinal: string;
  readonly token: string;
  readonly line: number | null;
  readonly counts: string;
  readonly fingerprint: string | null;
}

class SqliteWriter implements SinkWriter {
  /** SQLite has one writer, so one unit at a time. */
  readonly lanes = 1;
  readonly #database: DatabaseSync;
  readonly #insert: string;
  readonly #columns: readonly string[];
  readonly #key: Key;

  constructor(file: string, table: string, columns: readonly string[], { job, scope, sink: name }: SinkSession) {
    this.#database = open(file);
    this.#database.exec(PROGRESS);
    const quoted = columns.map((column) => `"${column}"`).join(", ");
    this.#insert = `INSERT INTO "${table}" (${quoted}) VALUES (${columns.map(() => "?").join(", ")})`;
    this.#columns = columns;
    this.#key = [job, scope, name];
  }

  /** Epoch + 1 in every row: from here on an earlier owner's compare misses. */
  async claim(claims: readonly Claim[]): Promise<readonly Progress[]> {
    return this.#transaction(() =>
      claims.map(({ split, origin, fingerprint = null }) => {
        const { ordinal, token, line = null } = origin;
        this.#database
          .prepare("INSERT INTO millrace_progress VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
          .run(...this.#key, split, String(ordinal), token, line, JSON.stringify(NO_COUNTS), fingerprint);
        this.#database
          .prepare(`UPDATE millrace_progress SET epoch = epoch + 1 WHERE ${MINE} AND split = ?`)
          .run(...this.#key, split);
        return this.#read(split)[0] as Progress;
      }),
    );
  }

  async progress(splits?: readonly string[]): Promise<readonly Progress[]> {
    return splits === undefined ? this.#read() : splits.flatMap((split) => this.#read(split));
  }

  async begin(mode: "fast" | "careful"): Promise<SinkUnit> {
    const rows: SQLInput[][] = [];
    return {
      // Rows are held until the commit: a transaction that stays open would lock everybody else out.
      write: async (output) => {
        const rejects = this.#try(
          rowsOf(output).map((row) => this.#valuesOf(row)),
          output.recordOfRow,
        );
        const [first] = rejects;
        if (first !== undefined && mode === "fast") throw new MillraceError("ROW_REFUSED", `sqlite: ${first.message}`);
        const good = withoutRecords(output, new Set(rejects.map(({ record }) => record)));
        rows.push(...rowsOf(good).map((row) => this.#valuesOf(row)));
        return { rejects };
      },
      commit: async (advances) =>
        this.#transaction(() => {
          const insert = this.#database.prepare(this.#insert);
          for (const values of rows) insert.run(...values);
          for (const advance of advances) this.#advance(advance);
        }),
      rollback: async () => {
        rows.length = 0;
      },
    };
  }

  async finish(): Promise<void> {
    // Rows were visible as soon as they were committed.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  /** The compare-and-set on which everything rests. */
  #advance({ split, epoch, from, to, counts }: Advance): void {
    const { changes } = this.#database
      .prepare(
        `UPDATE millrace_progress SET ordinal = ?, token = ?, line = ?, counts = ? WHERE ${MINE} AND split = ? AND epoch = ? AND ordinal = ?`,
      )
      .run(
        String(to.ordinal),
        to.token,
        to.line ?? null,
        JSON.stringify(counts),
        ...this.#key,
        split,
        epoch,
        String(from),
      );
    if (changes !== 1) throw new MillraceError("FENCED", `sqlite: another process has taken over split ${split}`);
  }

  #read(split?: string): Progress[] {
    const one = split === undefined ? [] : [split];
    const rows = this.#database
      .prepare(`SELECT * FROM millrace_progress WHERE ${MINE} ${split === undefined ? "" : "AND split = ?"}`)
      .all(...this.#key, ...one) as unknown as Row[];
    return rows.map(({ ordinal, token, line, counts, fingerprint, ...row }) => ({
      split: row.split,
      epoch: row.epoch,
      position: { ordinal: BigInt(ordinal), token, ...(line !== null && { line }) },
      counts: JSON.parse(counts) as Progress["counts"],
      ...(fingerprint !== null && { fingerprint }),
    }));
  }

  /** Which records the table refuses: tried in a savepoint that is always rolled back. */
  #try(rows: readonly SQLInput[][], recordOfRow: Int32Array): WriteReject[] {
    const refused = new Map<number, WriteReject>();
    const insert = this.#database.prepare(this.#insert);
    this.#database.exec("SAVEPOINT trial");
    rows.forEach((values, index) => {
      const record = recordOfRow[index] as number;
      try {
        insert.run(...values);
      } catch (thrown) {
        const output =
          recordOfRow.indexOf(record) === recordOfRow.lastIndexOf(record)
            ? {}
            : { output: index - recordOfRow.indexOf(record) };
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        if (!refused.has(record)) refused.set(record, { record, code: "ROW_REFUSED", message, ...output });
      }
    });
    this.#database.exec("ROLLBACK TO trial");
    this.#database.exec("RELEASE trial");
    return [...refused.values()];
  }

  #valuesOf(row: Uint8Array): SQLInput[] {
    const record = JSON.parse(Buffer.from(row).toString()) as { readonly [column: string]: unknown };
    return this.#columns.map((column) => valueOf(record[column]));
  }

  #transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (thrown) {
      this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }
}

type SQLInput = string | number | bigint | null;

function valueOf(value: unknown): SQLInput {
  if (value === undefined || value === null) return null;
  if (typeof value === "string" || typeof value === "number") return value;
  return typeof value === "boolean" ? Number(value) : JSON.stringify(value);
}
