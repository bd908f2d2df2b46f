/** The table of rejects that do not live with the data. */
import type { DatabaseSync } from "node:sqlite";
import type { Reject, RejectStage } from "../../core/reject.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { type Row, int, text } from "./row.ts";

/** What stands for an absent `output`: a key column cannot be null, null never equals null. */
const NO_OUTPUT = -1;

/** What stands for an absent `sink`; SEMANTICS "Where positions and rejects live". */
const NO_SINK = "";

/** Rejects in the order in which they came. */
export class RejectTable {
  readonly #insert;
  readonly #list;
  readonly #listOfRun;
  readonly #delete;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT INTO rejects
         (job, run, scope, split, ordinal, token, line, stage, sink, output, code, message, raw, raw_encoding, attempts, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (job, scope, split, token, sink, output) DO NOTHING`,
    );
    this.#list = database.prepare("SELECT * FROM rejects WHERE job = ? AND id > ? ORDER BY id LIMIT ?");
    this.#listOfRun = database.prepare(
      "SELECT * FROM rejects WHERE job = ? AND run = ? AND id > ? ORDER BY id LIMIT ?",
    );
    this.#delete = database.prepare("DELETE FROM rejects WHERE job = ? AND scope = ?");
  }

  add(rejects: readonly Reject[]): void {
    for (const reject of rejects) {
      this.#insert.run(
        reject.job,
        reject.run,
        reject.scope,
        reject.split,
        reject.position.ordinal,
        reject.position.token,
        reject.line ?? null,
        reject.stage,
        reject.sink ?? NO_SINK,
        reject.output ?? NO_OUTPUT,
        reject.code,
        reject.message,
        reject.raw,
        reject.rawEncoding,
        reject.attempts,
        reject.at,
      );
    }
  }

  list(...[{ job, run, after = 0, limit }]: Arguments<"listRejects">): Outcome<"listRejects"> {
    const rows = run === undefined ? this.#list.all(job, after, limit) : this.#listOfRun.all(job, run, after, limit);
    return rows.map(toReject);
  }

  forget(job: string, scope: string): void {
    this.#delete.run(job, scope);
  }
}

function toReject(row: Row): Reject & { readonly id: number } {
  const { line, sink, output } = row;
  return {
    id: int(row["id"]),
    job: text(row["job"]),
    run: text(row["run"]),
    scope: text(row["scope"]),
    split: text(row["split"]),
    position: { ordinal: BigInt(text(row["ordinal"])), token: text(row["token"]) },
    ...(line === null ? {} : { line: int(line) }),
    stage: text(row["stage"]) as RejectStage,
    ...(sink === NO_SINK ? {} : { sink: text(sink) }),
    ...(int(output) === NO_OUTPUT ? {} : { output: int(output) }),
    code: text(row["code"]),
    message: text(row["message"]),
    raw: text(row["raw"]),
    rawEncoding: text(row["raw_encoding"]) as Reject["rawEncoding"],
    attempts: int(row["attempts"]),
    at: text(row["at"]),
  };
}
