/** The table of what sinks keep beside their positions. */
import type { SinkWord } from "../../core/ports/sink.ts";
import type { ProgressKey } from "../../core/position.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";

/** Words by job, scope, sink and name. */
export class WordTable {
  readonly #connection: Connection;
  readonly #table: string;

  constructor(connection: Connection, schema: string) {
    this.#connection = connection;
    this.#table = `${quoteIdentifier(schema)}.words`;
  }

  async list({ job, scope, sink }: ProgressKey): Promise<readonly SinkWord[]> {
    const { rows } = await this.#connection.query(
      `SELECT name, word FROM ${this.#table} WHERE job = $1 AND scope = $2 AND sink = $3 ORDER BY name`,
      [job, scope, sink],
    );
    return rows.map((row) => ({ name: String(row["name"]), word: String(row["word"]) }));
  }

  async keep({ job, scope, sink }: ProgressKey, words: readonly SinkWord[]): Promise<void> {
    // The last one of a name counts.
    const latest = [...new Map(words.map(({ name, word }) => [name, word]))];
    const dropped = latest.filter(([, word]) => word === null).map(([name]) => name);
    const kept = latest.filter(([, word]) => word !== null);
    if (dropped.length > 0) {
      await this.#connection.query(
        `DELETE FROM ${this.#table} WHERE job = $1 AND scope = $2 AND sink = $3 AND name = ANY ($4::text[])`,
        [job, scope, sink, dropped],
      );
    }
    if (kept.length === 0) return;
    await this.#connection.query(
      `INSERT INTO ${this.#table} (job, scope, sink, name, word)
       SELECT $1, $2, $3, w.name, w.word FROM unnest($4::text[], $5::text[]) AS w (name, word) ORDER BY w.name
       ON CONFLICT (job, scope, sink, name) DO UPDATE SET word = excluded.word`,
      [job, scope, sink, kept.map(([name]) => name), kept.map(([, word]) => word)],
    );
  }

  /** @param sink undefined: all */
  async forget(job: string, scope: string, sink: string | undefined): Promise<void> {
    await this.#connection.query(
      `DELETE FROM ${this.#table} WHERE job = $1 AND scope = $2 AND ($3::text IS NULL OR sink = $3)`,
      [job, scope, sink ?? null],
    );
  }
}
