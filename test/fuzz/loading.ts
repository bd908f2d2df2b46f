/** Puts rows of COPY into tables and takes them out again, over a session of the test's own. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client, DatabaseError } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import type { RowForm } from "../../src/core/ports/format.ts";
import { TYPES_SQL, type TableColumn } from "./table.ts";

/** Source: PostgreSQL documentation, COPY, "Binary Format". */
const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
const TRAILER = Buffer.from([0xff, 0xff]);

/** What came of loading rows. */
export interface Loaded {
  /** Which of them the server took. */
  readonly taken: readonly number[];
  /** Those as the server shows them. */
  readonly shown: readonly string[];
  /** What it said of the others. */
  readonly refusals: readonly string[];
}

/** A session with tables that last as long as it looks at them. */
export class Server implements AsyncDisposable {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects, and makes the types that the tables use if they are not there. */
  static async connect(url: string): Promise<Server> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("SELECT pg_advisory_lock(1)");
    const { rows } = await client.query("SELECT to_regtype('fuzz_mood') IS NULL AS missing");
    if (rows[0].missing === true) await client.query(TYPES_SQL);
    await client.query("SELECT pg_advisory_unlock(1)");
    return new Server(client);
  }

  /** Does something with tables of these columns, all of which are gone afterwards. */
  async withTables<T>(names: readonly string[], table: readonly TableColumn[], work: () => Promise<T>): Promise<T> {
    const columns = table.map(({ name, sql }) => `${name} ${sql}`).join(", ");
    await this.#client.query(`BEGIN; ${names.map((name) => `CREATE TEMP TABLE ${name} (${columns})`).join("; ")}`);
    try {
      return await work();
    } finally {
      await this.#client.query("ROLLBACK");
    }
  }

  /** Changes a setting until the tables are gone. */
  async set(name: string, value: string): Promise<void> {
    await this.#client.query("SELECT set_config($1, $2, true)", [name, value]);
  }

  /** Loads rows of one form; those that the server refuses are left out. */
  async load(table: string, rows: readonly Buffer[], form: RowForm): Promise<Loaded> {
    const refusals: string[] = [];
    let taken = [...rows.keys()];
    for (;;) {
      const refused = await this.#copy(
        table,
        taken.map((row) => rows[row] as Buffer),
        form,
      );
      if (refused === null) break;
      if (refused.row >= taken.length)
        throw new RangeError(`${table}: no such row: ${refused.row}: ${refused.message}`);
      refusals.push(`row ${taken[refused.row]}: ${refused.message}`);
      taken = taken.filter((_, i) => i !== refused.row);
    }
    return { taken, refusals, shown: await this.show(table) };
  }

  /** The rows of a table, by the settings as they are. */
  async show(table: string): Promise<readonly string[]> {
    const { rows } = await this.#client.query(`SELECT t::text AS row FROM ${table} t ORDER BY ctid`);
    return rows.map(({ row }) => row as string);
  }

  /** Empties a table. */
  async clear(table: string): Promise<void> {
    await this.#client.query(`TRUNCATE ${table}`);
  }

  /** The rows of a table as the server copies them out, in the order in which they were loaded. */
  async read(table: string): Promise<readonly Buffer[]> {
    const stream = this.#client.query(copyTo(`COPY (SELECT * FROM ${table} ORDER BY ctid) TO STDOUT`));
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString("latin1");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line) => Buffer.from(`${line}\n`, "latin1"));
  }

  async #copy(
    table: string,
    rows: readonly Buffer[],
    form: RowForm,
  ): Promise<{ readonly row: number; readonly message: string } | null> {
    await this.#client.query("SAVEPOINT copying");
    const stream = this.#client.query(copyFrom(`COPY ${table} FROM STDIN${form === 0 ? " (FORMAT binary)" : ""}`));
    try {
      await pipeline(Readable.from([Buffer.concat(form === 0 ? [HEADER, ...rows, TRAILER] : rows)]), stream);
      await this.#client.query("RELEASE copying");
      return null;
    } catch (thrown) {
      await this.#client.query("ROLLBACK TO copying");
      const line = thrown instanceof DatabaseError ? /COPY \w+, line (\d+)/.exec(thrown.where ?? "")?.[1] : undefined;
      if (line === undefined) throw thrown;
      return { row: Number(line) - 1, message: (thrown as Error).message };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}
