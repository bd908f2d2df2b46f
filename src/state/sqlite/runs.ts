/** The table of runs. */
import type { DatabaseSync } from "node:sqlite";
import type { Arguments, Outcome } from "../operations.ts";
import { runExists, runIsOver, runUnknown } from "../faults.ts";
import type { RunRow, RunState } from "../../core/ports/state-store.ts";
import { conditionOf, isOneOf } from "./condition.ts";
import { columnsToText, RUN_COLUMNS, runValues, toRun } from "../run-row.ts";

/** Runs, newest first by the order in which they were made. */
export class RunTable {
  readonly #database: DatabaseSync;
  readonly #insert;
  readonly #update;
  readonly #find;
  readonly #delete;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO runs (${RUN_COLUMNS})
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    );
    this.#update = database.prepare("UPDATE runs SET state = ?, ended_at = ?, columns = ?, summary = ? WHERE id = ?");
    this.#find = database.prepare("SELECT * FROM runs WHERE id = ?");
    this.#delete = database.prepare("DELETE FROM runs WHERE id = ?");
  }

  create(run: RunRow): void {
    const { changes } = this.#insert.run(...runValues(run));
    if (Number(changes) === 0) throw runExists(run.id);
  }

  update(...[id, change]: Arguments<"updateRun">): void {
    const run = this.find(id);
    if (run === undefined) throw runUnknown(id);
    if (run.state === "succeeded") return;
    const { state, endedAt, columns, summary } = { ...run, ...change };
    this.#update.run(state, endedAt, columnsToText(columns), summary, id);
  }

  find(id: string): RunRow | undefined {
    const row = this.#find.get(id);
    return row === undefined ? undefined : toRun(row);
  }

  /** @throws MillraceError FENCED when it has succeeded */
  forget(id: string): void {
    if (this.find(id)?.state === "succeeded") throw runIsOver(id);
    this.#delete.run(id);
  }

  list(...[filter]: Arguments<"listRuns">): Outcome<"listRuns"> {
    const { job, states, slot, params, shared, before, endedAfter, limit } = filter;
    const { where, values } = conditionOf(
      ["job = ?", job],
      isOneOf("state", states),
      ["slot IS ?", slot],
      ["params = ?", params],
      ["(scope = '') = ?", shared === undefined ? undefined : Number(shared)],
      ["seq < (SELECT seq FROM runs WHERE id = ?)", before],
      ["ended_at > ?", endedAfter],
    );
    const list = `SELECT * FROM ${fewRuns(states, endedAfter)} AND ${where} ORDER BY seq DESC LIMIT ?`;
    return this.#database
      .prepare(list)
      .all(...values, limit)
      .map(toRun);
  }
}

/** Where to look; of the runs that are asked for SQLite cannot know how few they are. */
function fewRuns(states: readonly RunState[] = ["succeeded"], endedAfter: string | undefined): string {
  if (endedAfter !== undefined) return "runs INDEXED BY runs_by_end WHERE true";
  return states.includes("succeeded")
    ? "runs WHERE true"
    : "runs INDEXED BY runs_unfinished WHERE state <> 'succeeded'";
}
