/** The tables of schedules and their slots. */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { isOpenSlot, OPEN_SLOTS, type NewSlot, type ScheduleRow } from "../../core/ports/schedule-store.ts";
import type { Arguments, Outcome } from "../operations.ts";
import { newSlotRow, toSchedule, toSlot } from "../slot-row.ts";
import { conditionOf, isOneOf } from "./condition.ts";

const INSERT = `INSERT INTO slots (job, slot, at, state, trigger, reason, run, attempt, planned_at, ended_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const NEWEST = "at DESC, job, slot";
const OLDEST = "at, job DESC, slot DESC";
/** Open slots are few among many, which SQLite cannot know: it would go through all of them in their order. */
const OPEN = "slots INDEXED BY slots_open WHERE ended_at IS NULL";
/** The slot as it was read, and still open. */
const IS_MINE = "job = ? AND slot = ? AND attempt = ? AND ended_at IS NULL";

/** Schedules by job, slots by job and slot. One writes at a time, so what an operation reads stays so until its end. */
export class ScheduleTable {
  readonly #database: DatabaseSync;
  readonly #find;
  readonly #move;
  readonly #plan;
  readonly #add;
  readonly #pause;
  readonly #resume;
  readonly #forgetSlots;
  readonly #forgetPlan;
  readonly #started;
  readonly #take;
  readonly #end;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare("SELECT * FROM schedules WHERE job = ?");
    this.#move = database.prepare(
      `INSERT INTO schedules (job, fingerprint, cursor) VALUES (?, ?, ?)
       ON CONFLICT (job) DO UPDATE SET fingerprint = excluded.fingerprint, cursor = excluded.cursor`,
    );
    this.#plan = database.prepare(`${INSERT} ON CONFLICT (job, slot) DO NOTHING`);
    this.#add = database.prepare(
      `${INSERT} ON CONFLICT (job, slot) DO UPDATE SET state = excluded.state, trigger = excluded.trigger,
         reason = excluded.reason, planned_at = excluded.planned_at, ended_at = NULL
       WHERE slots.ended_at IS NOT NULL AND slots.state <> 'succeeded'`,
    );
    this.#pause = database.prepare(
      "INSERT INTO schedules (job, paused) VALUES (?, ?) ON CONFLICT (job) DO UPDATE SET paused = excluded.paused",
    );
    this.#resume = database.prepare("UPDATE schedules SET paused = NULL WHERE job = ?");
    this.#forgetSlots = database.prepare("DELETE FROM slots WHERE job = ? AND state <> 'succeeded'");
    this.#forgetPlan = database.prepare("DELETE FROM schedules WHERE job = ?");
    this.#started = database.prepare(`SELECT 1 FROM ${OPEN} AND job = ? AND state = 'started' AND slot <> ? LIMIT 1`);
    this.#take = database.prepare(`UPDATE slots SET state = 'started', attempt = attempt + 1 WHERE ${IS_MINE}`);
    this.#end = database.prepare(`UPDATE slots SET state = ?, reason = ?, run = ?, ended_at = ? WHERE ${IS_MINE}`);
  }

  find(job: string): ScheduleRow | undefined {
    const row = this.#find.get(job);
    return row === undefined ? undefined : toSchedule(row);
  }

  plan(...[job, from, { fingerprint, cursor }, slots, now]: Arguments<"planSlots">): boolean {
    if ((this.find(job)?.cursor ?? null) !== from) return false;
    this.#move.run(job, fingerprint, cursor);
    for (const slot of slots) this.#plan.run(...newValues(job, slot, now));
    return true;
  }

  add(...[job, slots, now]: Arguments<"addSlots">): void {
    for (const slot of slots) this.#add.run(...newValues(job, { ...slot, state: "due" }, now));
  }

  pause(...[job, reason]: Arguments<"pauseSchedule">): void {
    if (reason === null) this.#resume.run(job);
    else this.#pause.run(job, reason);
  }

  forget(job: string): void {
    const paused = this.find(job)?.paused ?? null;
    this.#forgetSlots.run(job);
    this.#forgetPlan.run(job);
    this.pause(job, paused);
  }

  list(...[{ job, states, before, oldestFirst = false, limit }]: Arguments<"listSlots">): Outcome<"listSlots"> {
    const { where, values } = conditionOf(["job = ?", job], isOneOf("state", states), ["at < ?", before]);
    const open = states?.every((state) => OPEN_SLOTS.includes(state)) === true;
    return this.#database
      .prepare(
        `SELECT * FROM ${open ? OPEN : "slots WHERE true"} AND ${where} ORDER BY ${oldestFirst ? OLDEST : NEWEST} LIMIT ?`,
      )
      .all(...values, limit)
      .map(toSlot);
  }

  take(...[{ job, slot, attempt, alone }]: Arguments<"takeSlot">): boolean {
    if (alone && this.#started.get(job, slot) !== undefined) return false;
    return Number(this.#take.run(job, slot, attempt).changes) === 1;
  }

  end(...[{ job, slot, attempt, state, reason, run, now }]: Arguments<"endSlot">): boolean {
    const endedAt = isOpenSlot({ state }) ? null : now;
    return Number(this.#end.run(state, reason, run, endedAt, job, slot, attempt).changes) === 1;
  }
}

function newValues(job: string, given: NewSlot, now: number): SQLInputValue[] {
  const { slot, at, state, trigger, reason, run, attempt, plannedAt, endedAt } = newSlotRow(job, given, now);
  return [job, slot, at, state, trigger, reason, run, attempt, plannedAt, endedAt];
}
