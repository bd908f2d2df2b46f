/** The table of runs. */
import type { DatabaseSync } from "node:sqlite";
import type { Arguments, Outcome } from "../operations.ts";
import { runExists, runIsOver, runUnknown } from "../faults.ts";
import type { RunRow, RunState } from "../../core/ports/state-store.ts";
import { type Row, text, textOrNull } from "./row.ts";

/** Runs, newest first by the order in which they were made. */
export class RunTable {
  readonly #insert;
  readonly #update;
  readonly #find;
  readonly #list;
  readonly #listOfJob;
  readonly #delete;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      `INSERT INTO runs (id, job, scope, slot, params, trigger, state, started_at, ended_at, columns, fingerprint, summary)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    );
    this.#update = database.prepare("UPDATE runs SET state = ?, ended_at = ?, columns = ?, summary = ? WHERE id = ?");
    this.#find = database.prepare("SELECT * FROM runs WHERE id = ?");
    this.#list = database.prepare("SELECT * FROM runs ORDER BY seq DESC LIMIT ?");
    this.#listOfJob = database.prepare("SELECT * FROM runs WHERE job = ? ORDER BY seq DESC LIMIT ?");
    this.#delete = database.prepare("DELETE FROM runs WHERE id = ?");
  }

  create(run: RunRow): void {
    const { changes } = this.#insert.run(
      run.id,
      run.job,
      run.scope,
      run.slot,
      run.params,
      run.trigger,
      run.state,
      run.startedAt,
      run.endedAt,
      columnsToText(run.columns),
      run.fingerprint,
      run.summary,
    );
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

  list(...[{ job, limit }]: Arguments<"listRuns">): Outcome<"listRuns"> {
    const rows = job === undefined ? this.#list.all(limit) : this.#listOfJob.all(job, limit);
    return rows.map(toRun);
  }
}

function columnsToText(columns: RunRow["columns"]): string | null {
  return columns === null ? null : JSON.stringify(columns);
}

function toRun(row: Row): RunRow {
  const columns = textOrNull(row["columns"]);
  return {
    id: text(row["id"]),
    job: text(row["job"]),
    scope: text(row["scope"]),
    slot: textOrNull(row["slot"]),
    params: text(row["params"]),
    trigger: text(row["trigger"]),
    state: text(row["state"]) as RunState,
    startedAt: text(row["started_at"]),
    endedAt: textOrNull(row["ended_at"]),
    columns: columns === null ? null : (JSON.parse(columns) as RunRow["columns"]),
    fingerprint: textOrNull(row["fingerprint"]),
    summary: textOrNull(row["summary"]),
  };
}
