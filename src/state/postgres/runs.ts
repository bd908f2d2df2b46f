/** The table of runs. */
import type { RunRow } from "../../core/ports/state-store.ts";
import { conditionOf } from "../../postgres/condition.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import { runExists, runUnknown } from "../faults.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { columnsToText, RUN_COLUMNS, runValues, toRun } from "../run-row.ts";
import { isoOf } from "./sql.ts";

const COLUMNS = `id, job, scope, slot, params, trigger, state, ${isoOf("started_at")}, ${isoOf("ended_at")}, columns, fingerprint, summary`;

/** Runs, newest first by the order in which they were made. */
export class RunTable {
  readonly #connection: Connection;
  readonly #table: string;

  constructor(connection: Connection, schema: string) {
    this.#connection = connection;
    this.#table = `${quoteIdentifier(schema)}.runs`;
  }

  /** @param again it may be there because an earlier attempt was committed after all: ids are unique */
  async create(run: RunRow, again: boolean): Promise<void> {
    const { rowCount } = await this.#connection.query(
      `INSERT INTO ${this.#table} (${RUN_COLUMNS})
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
      runValues(run),
    );
    if (rowCount === 0 && !again) throw runExists(run.id);
  }

  async update(...[id, change]: Arguments<"updateRun">): Promise<void> {
    const { rows } = await this.#connection.query(`SELECT ${COLUMNS} FROM ${this.#table} WHERE id = $1 FOR UPDATE`, [
      id,
    ]);
    const [row] = rows;
    if (row === undefined) throw runUnknown(id);
    const run = toRun(row);
    if (run.state === "succeeded") return;
    const { state, endedAt, columns, summary } = { ...run, ...change };
    await this.#connection.query(
      `UPDATE ${this.#table} SET state = $2, ended_at = $3, columns = $4, summary = $5 WHERE id = $1`,
      [id, state, endedAt, columnsToText(columns), summary],
    );
  }

  /** @param lock nobody changes it before the transaction's end */
  async find(id: string, lock = false): Promise<RunRow | undefined> {
    const ending = lock ? "FOR SHARE" : "";
    const { rows } = await this.#connection.query(`SELECT ${COLUMNS} FROM ${this.#table} WHERE id = $1 ${ending}`, [
      id,
    ]);
    return rows[0] && toRun(rows[0]);
  }

  async forget(id: string): Promise<void> {
    await this.#connection.query(`DELETE FROM ${this.#table} WHERE id = $1`, [id]);
  }

  async list(...[filter]: Arguments<"listRuns">): Promise<Outcome<"listRuns">> {
    const { job, states, slot, params, shared, before, endedAfter, limit } = filter;
    const { where, values } = conditionOf(
      ["job = ?", job],
      ["state = ANY (?::text[])", states],
      // As the index has it: no slot is ''.
      ["coalesce(slot, '') = ?::text", slot === null ? "" : slot],
      ["params = ?", params],
      ["(scope = '') = ?", shared],
      [`seq < (SELECT seq FROM ${this.#table} WHERE id = ?)`, before],
      ["ended_at > ?::timestamptz", endedAfter],
    );
    // Said as an index says it: those are few among many.
    const unfinished = states?.includes("succeeded") === false ? "AND state <> 'succeeded'" : "";
    const { rows } = await this.#connection.query(
      `SELECT ${COLUMNS} FROM ${this.#table} WHERE ${where} ${unfinished} ORDER BY seq DESC LIMIT $${values.length + 1}`,
      [...values, limit],
    );
    return rows.map(toRun);
  }
}
