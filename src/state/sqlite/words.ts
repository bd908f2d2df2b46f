/** The table of what sinks keep beside their positions. */
import type { DatabaseSync } from "node:sqlite";
import type { SinkWord } from "../../core/ports/sink.ts";
import type { ProgressKey } from "../../core/position.ts";
import { text } from "./row.ts";

const KEY = "job = ? AND scope = ? AND sink = ?";

/** Words by job, scope, sink and name. */
export class WordTable {
  readonly #list;
  readonly #put;
  readonly #drop;
  readonly #forget;

  constructor(database: DatabaseSync) {
    this.#list = database.prepare(`SELECT name, word FROM words WHERE ${KEY} ORDER BY name`);
    this.#put = database.prepare("INSERT OR REPLACE INTO words (job, scope, sink, name, word) VALUES (?, ?, ?, ?, ?)");
    this.#drop = database.prepare(`DELETE FROM words WHERE ${KEY} AND name = ?`);
    this.#forget = database.prepare("DELETE FROM words WHERE job = ?1 AND scope = ?2 AND (?3 IS NULL OR sink = ?3)");
  }

  list({ job, scope, sink }: ProgressKey): readonly SinkWord[] {
    return this.#list.all(job, scope, sink).map((row) => ({ name: text(row["name"]), word: text(row["word"]) }));
  }

  keep({ job, scope, sink }: ProgressKey, words: readonly SinkWord[]): void {
    for (const { name, word } of words) {
      if (word === null) this.#drop.run(job, scope, sink, name);
      else this.#put.run(job, scope, sink, name, word);
    }
  }

  /** @param sink null: all */
  forget(job: string, scope: string, sink: string | null): void {
    this.#forget.run(job, scope, sink);
  }
}
