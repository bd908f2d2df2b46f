/** The tables of schedules and their slots. */
import { isOpenSlot, type NewSlot, OPEN_SLOTS, type ScheduleRow } from "../../core/ports/schedule-store.ts";
import { conditionOf } from "../../postgres/condition.ts";
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import { storableIn } from "../../postgres/storable-text.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { newSlotRow, toSchedule, toSlot } from "../slot-row.ts";
import { lockSchedule } from "./sql.ts";

const COLUMNS = "job, slot, at, state, trigger, reason, run, attempt, planned_at, ended_at";

const NEWEST = "at DESC, job, slot";
const OLDEST = "at, job DESC, slot DESC";

/** One operation, however often it is tried. */
export interface Tried {
  /** The same for all its attempts, and nobody else's. */
  readonly operation: string;
  /** An earlier attempt may have been committed. */
  readonly again: boolean;
}

/**
 * Schedules by job, slots by job and slot.
 *
 * Several processes plan and take at once. Who changes more than the row that he compares with waits for the job's lock,
 * and looks only then. What a compare-and-set has changed bears the operation's name, by which another attempt at it
 * knows that it has been done.
 */
export class ScheduleTable {
  readonly #connection: Connection;
  readonly #schema: string;
  readonly #schedules: string;
  readonly #slots: string;
  readonly #tried: Tried;

  constructor(connection: Connection, schema: string, tried: Tried) {
    this.#connection = connection;
    this.#schema = schema;
    this.#schedules = `${quoteIdentifier(schema)}.schedules`;
    this.#slots = `${quoteIdentifier(schema)}.slots`;
    this.#tried = tried;
  }

  async find(job: string): Promise<ScheduleRow | undefined> {
    const { rows } = await this.#connection.query(
      `SELECT job, fingerprint, cursor, paused FROM ${this.#schedules} WHERE job = $1`,
      [job],
    );
    return rows[0] && toSchedule(rows[0]);
  }

  async plan(...[job, from, { fingerprint, cursor }, slots, now]: Arguments<"planSlots">): Promise<boolean> {
    await lockSchedule(this.#connection, this.#schema, job);
    const { rowCount } = await this.#connection.query(
      `INSERT INTO ${this.#schedules} AS s (job, fingerprint, cursor, changed_by)
       SELECT $1, $3, $4, $5
       WHERE $2::text IS NULL OR EXISTS (SELECT FROM ${this.#schedules} WHERE job = $1 AND cursor = $2)
       ON CONFLICT (job) DO UPDATE
         SET fingerprint = excluded.fingerprint, cursor = excluded.cursor, changed_by = excluded.changed_by
         WHERE s.cursor IS NOT DISTINCT FROM $2`,
      [job, from, fingerprint, cursor, this.#tried.operation],
    );
    if (rowCount === 0) return this.#wasDone(this.#schedules, "job = $2", [job]);
    await this.#insert(job, slots, now, "DO NOTHING");
    return true;
  }

  async add(...[job, slots, now]: Arguments<"addSlots">): Promise<void> {
    await lockSchedule(this.#connection, this.#schema, job);
    // A statement changes each row once: of two with one name the first counts.
    const first = new Map(slots.toReversed().map((slot) => [slot.slot, { ...slot, state: "due" as const }]));
    await this.#insert(
      job,
      [...first.values()],
      now,
      `(job, slot) DO UPDATE SET state = excluded.state, trigger = excluded.trigger, reason = excluded.reason,
         planned_at = excluded.planned_at, ended_at = NULL
       WHERE s.ended_at IS NOT NULL AND s.state <> 'succeeded'`,
    );
  }

  async pause(...[job, reason]: Arguments<"pauseSchedule">): Promise<void> {
    await lockSchedule(this.#connection, this.#schema, job);
    await this.#connection.query(
      reason === null
        ? `UPDATE ${this.#schedules} SET paused = $2 WHERE job = $1`
        : `INSERT INTO ${this.#schedules} (job, paused) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE SET paused = $2`,
      [job, await this.#reasonOf(reason)],
    );
  }

  async forget(job: string): Promise<void> {
    await lockSchedule(this.#connection, this.#schema, job);
    await this.#connection.query(`DELETE FROM ${this.#slots} WHERE job = $1 AND state <> 'succeeded'`, [job]);
    await this.#connection.query(`DELETE FROM ${this.#schedules} WHERE job = $1 AND paused IS NULL`, [job]);
    await this.#connection.query(`UPDATE ${this.#schedules} SET fingerprint = NULL, cursor = NULL WHERE job = $1`, [
      job,
    ]);
  }

  async list(
    ...[{ job, states, before, oldestFirst = false, limit }]: Arguments<"listSlots">
  ): Promise<Outcome<"listSlots">> {
    const { where, values } = conditionOf(
      ["job = ?", job],
      ["state = ANY (?::text[])", states],
      ["at < ?::bigint", before],
    );
    // Said as the index of open slots says it: they are few among many.
    const open = states?.every((state) => OPEN_SLOTS.includes(state)) === true ? "AND ended_at IS NULL" : "";
    const { rows } = await this.#connection.query(
      `SELECT ${COLUMNS} FROM ${this.#slots} WHERE ${where} ${open} ORDER BY ${oldestFirst ? OLDEST : NEWEST}
       LIMIT $${values.length + 1}`,
      [...values, limit],
    );
    return rows.map(toSlot);
  }

  async take(...[{ job, slot, attempt, alone }]: Arguments<"takeSlot">): Promise<boolean> {
    await lockSchedule(this.#connection, this.#schema, job);
    const { rowCount } = await this.#connection.query(
      `UPDATE ${this.#slots} SET state = 'started', attempt = attempt + 1, changed_by = $5
       WHERE job = $1 AND slot = $2 AND attempt = $3 AND ended_at IS NULL AND NOT ($4 AND EXISTS (
         SELECT FROM ${this.#slots} WHERE job = $1 AND slot <> $2 AND state = 'started' AND ended_at IS NULL))`,
      [job, slot, attempt, alone, this.#tried.operation],
    );
    return rowCount === 1 || this.#wasDone(this.#slots, "job = $2 AND slot = $3", [job, slot]);
  }

  async end(...[{ job, slot, attempt, state, reason, run, now }]: Arguments<"endSlot">): Promise<boolean> {
    const why = await this.#reasonOf(reason);
    const endedAt = isOpenSlot({ state }) ? null : now;
    const { rowCount } = await this.#connection.query(
      `UPDATE ${this.#slots} SET state = $4, reason = $5, run = $6, ended_at = $7, changed_by = $8
       WHERE job = $1 AND slot = $2 AND attempt = $3 AND ended_at IS NULL`,
      [job, slot, attempt, state, why, run, endedAt, this.#tried.operation],
    );
    return rowCount === 1 || this.#wasDone(this.#slots, "job = $2 AND slot = $3", [job, slot]);
  }

  /** @param behind what of `ON CONFLICT` is not the same for all */
  async #insert(job: string, slots: readonly NewSlot[], now: number, behind: string): Promise<void> {
    if (slots.length === 0) return;
    const rows: object[] = [];
    for (const slot of slots) {
      const { plannedAt: planned_at, endedAt: ended_at, ...row } = newSlotRow(job, slot, now);
      rows.push({ ...row, planned_at, ended_at, reason: await this.#reasonOf(row.reason) });
    }
    await this.#connection.query(
      `INSERT INTO ${this.#slots} AS s (${COLUMNS})
       SELECT ${COLUMNS} FROM json_to_recordset($1::json) AS r (job text, slot text, at bigint, state text, trigger text,
         reason text, run text, attempt integer, planned_at bigint, ended_at bigint)
       ON CONFLICT ${behind}`,
      [JSON.stringify(rows)],
    );
  }

  /** Reasons quote errors, and errors quote input. */
  async #reasonOf(reason: string | null): Promise<string | null> {
    return reason === null ? null : storableIn(this.#connection, reason);
  }

  /** Whether an earlier attempt of this operation changed the row, and nobody has since. */
  async #wasDone(table: string, key: string, values: readonly string[]): Promise<boolean> {
    if (!this.#tried.again) return false;
    const { rowCount } = await this.#connection.query(`SELECT FROM ${table} WHERE changed_by = $1 AND ${key}`, [
      this.#tried.operation,
      ...values,
    ]);
    return rowCount === 1;
  }
}
