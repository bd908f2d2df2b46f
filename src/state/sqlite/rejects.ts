/** The table of rejects that do not live with the data. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { REPLAY_SCOPE, type RejectFilter, type ReplayStep, type StoredReject } from "../../core/ports/reject-shelf.ts";
import type { Reject, RejectStage } from "../../core/reject.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { conditionOf, isOneOf } from "./condition.ts";
import { type Row, int, text } from "./row.ts";

/** What stands for an absent `output`: a key column cannot be null, null never equals null. */
const NO_OUTPUT = -1;

/** What stands for an absent `sink`; SEMANTICS "Where positions and rejects live". */
const NO_SINK = "";

const COLUMNS =
  "job, run, scope, split, ordinal, token, line, stage, sink, output, code, message, raw, raw_encoding, attempts, at";
const KEY = "job, scope, split, token, sink, output";
const INSERT = `INSERT INTO rejects (${COLUMNS}) VALUES (${COLUMNS.replaceAll(/\w+/g, "?")})`;
const JOINED = "rejects LEFT JOIN taken ON taken.reject = rejects.id";

/** Rejects in the order in which they came. */
export class RejectTable {
  readonly #database: DatabaseSync;
  readonly #insert;
  readonly #put;
  readonly #release;
  readonly #drop;
  readonly #dropTaken;
  readonly #forget;
  readonly #addStep;
  readonly #hasStep;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(`${INSERT} ON CONFLICT (${KEY}) DO NOTHING`);
    const replaced = COLUMNS.split(", ").map((column) => `${column} = excluded.${column}`);
    this.#put = database.prepare(`${INSERT} ON CONFLICT (${KEY}) DO UPDATE SET ${replaced.join(", ")} RETURNING id`);
    this.#release = database.prepare("DELETE FROM taken WHERE reject = ?");
    this.#drop = database.prepare("DELETE FROM rejects WHERE job = ? AND id = ?");
    this.#dropTaken = database.prepare(
      "DELETE FROM rejects WHERE job = ? AND id IN (SELECT reject FROM taken WHERE replay = ?)",
    );
    this.#addStep = database.prepare(
      "INSERT INTO replays (replay, step, sink) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    );
    this.#hasStep = database.prepare("SELECT 1 FROM replays WHERE replay = ? AND step = ?");
    this.#forget = database.prepare("DELETE FROM rejects WHERE job = ?1 AND scope = ?2 AND (?3 IS NULL OR sink = ?3)");
  }

  add(rejects: readonly Reject[]): void {
    for (const reject of rejects) this.#insert.run(...valuesOf(reject));
  }

  list(...[{ after = 0, limit, ...filter }]: Arguments<"listRejects">): Outcome<"listRejects"> {
    const { where, values } = isWanted(filter);
    const list = `SELECT rejects.*, taken.replay FROM ${JOINED} WHERE ${where} AND id > ? ORDER BY id LIMIT ?`;
    return this.#database
      .prepare(list)
      .all(...values, after, limit)
      .map(toReject);
  }

  group(...[filter]: Arguments<"groupRejects">): Outcome<"groupRejects"> {
    const { where, values } = isWanted(filter);
    // With min() alone SQLite takes the other columns of the row that has it.
    const group = `SELECT split, stage, code, sink, message, count(*) AS count, min(id) AS first FROM ${JOINED}
      WHERE ${where} GROUP BY split, stage, code, sink ORDER BY first`;
    return this.#database
      .prepare(group)
      .all(...values)
      .map((row) => ({ ...causeOf(row), count: int(row["count"]), first: int(row["first"]) }));
  }

  take(...[filter, replay]: Arguments<"takeRejects">): void {
    if (this.#hasStep.get(replay, "settled") !== undefined) return;
    if (Number(this.#addStep.run(replay, "taken", filter.sink ?? NO_SINK).changes) === 0) return;
    const { where, values } = isWanted(filter);
    const take = `INSERT INTO taken (reject, replay) SELECT id, ? FROM ${JOINED} WHERE ${where} AND taken.reject IS NULL`;
    this.#database.prepare(take).run(replay, ...values);
  }

  settle(...[{ job, unless, drop = [], dropTakenBy, put = [] }]: Arguments<"settleRejects">): void {
    for (const reject of unless !== undefined && this.#isAt(unless) ? [] : put)
      this.#release.run(int(this.#put.get(...valuesOf(reject))?.["id"]));
    for (const id of drop) this.#drop.run(job, id);
    if (dropTakenBy === undefined) return;
    this.#addStep.run(dropTakenBy, "settled", NO_SINK);
    this.#dropTaken.run(job, dropTakenBy);
  }

  /** @param sink those that it refused; null: all */
  forget(job: string, scope: string, sink: string | null): void {
    this.#forget.run(job, scope, sink);
  }

  #isAt({ replay, step }: ReplayStep): boolean {
    return ["settled", step].some((one) => this.#hasStep.get(replay, one) !== undefined);
  }
}

function isWanted(filter: RejectFilter): ReturnType<typeof conditionOf> {
  const { job, scope, run, split, stage, code, sink, sinks, ids, takenBy, exceptReplays = false } = filter;
  return conditionOf(
    ["job = ?", job],
    ["scope = ?", scope],
    ["run = ?", run],
    ["split = ?", split],
    ["stage = ?", stage],
    ["code = ?", code],
    ["sink = ?", sink === null ? NO_SINK : sink],
    isOneOf(
      "sink",
      sinks?.map((one) => one ?? NO_SINK),
    ),
    ["taken.replay = ?", takenBy],
    isOneOf("id", ids),
    ["NOT glob(?, scope)", exceptReplays ? `${REPLAY_SCOPE}*` : undefined],
  );
}

function valuesOf(reject: Reject): SQLInputValue[] {
  const { job, run, scope, split, position, line, stage, sink, output } = reject;
  const { code, message, raw, rawEncoding, attempts, at } = reject;
  return [
    ...[job, run, scope, split, position.ordinal, position.token, line ?? null],
    ...[stage, sink ?? NO_SINK, output ?? NO_OUTPUT, code, message, raw, rawEncoding, attempts, at],
  ];
}

function toReject(row: Row): StoredReject {
  const { line, output, replay } = row;
  const { split, stage, code, message, ...sink } = causeOf(row);
  return {
    id: int(row["id"]),
    job: text(row["job"]),
    run: text(row["run"]),
    scope: text(row["scope"]),
    split,
    position: { ordinal: BigInt(text(row["ordinal"])), token: text(row["token"]) },
    ...(line === null ? {} : { line: int(line) }),
    stage,
    ...sink,
    ...(int(output) === NO_OUTPUT ? {} : { output: int(output) }),
    code,
    message,
    raw: text(row["raw"]),
    rawEncoding: text(row["raw_encoding"]) as Reject["rawEncoding"],
    attempts: int(row["attempts"]),
    at: text(row["at"]),
    ...(replay === null ? {} : { takenBy: text(replay) }),
  };
}

function causeOf(row: Row): Pick<Reject, "split" | "stage" | "code" | "message" | "sink"> {
  const { sink } = row;
  return {
    split: text(row["split"]),
    stage: text(row["stage"]) as RejectStage,
    ...(sink === NO_SINK ? {} : { sink: text(sink) }),
    code: text(row["code"]),
    message: text(row["message"]),
  };
}
