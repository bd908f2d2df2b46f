/** The operations on one session; whoever calls them owns the transaction around them. */
import type { Connection } from "../../postgres/connection.ts";
import { quoteIdentifier } from "../../postgres/identifiers.ts";
import { insertRejects } from "../../postgres/rejects.ts";
import { applySettlement, groupRejects, listRejects, takeRejects } from "../../postgres/reject-shelf.ts";
import { runIsOver } from "../faults.ts";
import type { Arguments, AsyncOperations, Outcome } from "../operations.ts";
import { type LeaseClock, LeaseTable } from "./leases.ts";
import { ProgressTable } from "./progress.ts";
import { pruneHistory } from "./retention.ts";
import { RunTable } from "./runs.ts";
import { ScheduleTable, type Tried } from "./schedules.ts";
import { SpoolTable } from "./spools.ts";
import { WordTable } from "./words.ts";

/** How the operations go about it. */
export interface PostgresStateOptions extends Tried {
  readonly schema: string;
  readonly leaseClock: LeaseClock;
}

/** Every operation of the state store. */
export class PostgresState implements AsyncOperations {
  readonly #connection: Connection;
  readonly #options: PostgresStateOptions;
  readonly #runs: RunTable;
  readonly #leases: LeaseTable;
  readonly #progress: ProgressTable;
  readonly #schedules: ScheduleTable;
  readonly #spools: SpoolTable;
  readonly #words: WordTable;

  constructor(connection: Connection, options: PostgresStateOptions) {
    const { schema, leaseClock } = options;
    this.#connection = connection;
    this.#options = options;
    this.#runs = new RunTable(connection, schema);
    this.#leases = new LeaseTable(connection, schema, leaseClock);
    this.#progress = new ProgressTable(connection, schema);
    this.#schedules = new ScheduleTable(connection, schema, options);
    this.#spools = new SpoolTable(connection, schema, options);
    this.#words = new WordTable(connection, schema);
  }

  createRun(...[run]: Arguments<"createRun">): Promise<void> {
    return this.#runs.create(run, this.#options.again);
  }

  updateRun(...args: Arguments<"updateRun">): Promise<void> {
    return this.#runs.update(...args);
  }

  findRun(...[id]: Arguments<"findRun">): Promise<Outcome<"findRun">> {
    return this.#runs.find(id);
  }

  listRuns(...args: Arguments<"listRuns">): Promise<Outcome<"listRuns">> {
    return this.#runs.list(...args);
  }

  acquireLease(...args: Arguments<"acquireLease">): Promise<Outcome<"acquireLease">> {
    return this.#leases.acquire(...args);
  }

  releaseLease(...args: Arguments<"releaseLease">): Promise<void> {
    return this.#leases.release(...args);
  }

  findLease(...args: Arguments<"findLease">): Promise<Outcome<"findLease">> {
    return this.#leases.find(...args);
  }

  claim(...args: Arguments<"claim">): Promise<Outcome<"claim">> {
    return this.#progress.claim(...args);
  }

  progress(...args: Arguments<"progress">): Promise<Outcome<"progress">> {
    return this.#progress.list(...args);
  }

  listPositions(...args: Arguments<"listPositions">): Promise<Outcome<"listPositions">> {
    return this.#progress.listAll(...args);
  }

  async commit(...[key, advances, rejects, words = []]: Arguments<"commit">): Promise<void> {
    const moved = await this.#progress.advance(key, advances, this.#options.again);
    if (moved === "moved before") return;
    await insertRejects(this.#connection, this.#options.schema, rejects);
    await this.#words.keep(key, words);
  }

  words(...[key]: Arguments<"words">): Promise<Outcome<"words">> {
    return this.#words.list(key);
  }

  async keepWords(...[key, words, owned]: Arguments<"keepWords">): Promise<void> {
    if (owned !== undefined) await this.#progress.assertOwned(owned);
    await this.#words.keep(key, words);
  }

  mirror(...args: Arguments<"mirror">): Promise<void> {
    return this.#progress.mirror(...args);
  }

  async forget(...[{ job, scope, sink }]: Arguments<"forget">): Promise<void> {
    const run = await this.#runs.find(scope, true);
    if (run?.state === "succeeded") throw runIsOver(scope);
    await this.#progress.forget(job, scope, sink);
    await this.#connection.query(
      `DELETE FROM ${quoteIdentifier(this.#options.schema)}.rejects
       WHERE job = $1 AND scope = $2 AND ($3::text IS NULL OR sink = $3)`,
      [job, scope, sink ?? null],
    );
    await this.#words.forget(job, scope, sink);
  }

  async forgetRun(...[id]: Arguments<"forgetRun">): Promise<void> {
    const run = await this.#runs.find(id, true);
    if (run?.state === "succeeded") throw runIsOver(id);
    await this.#runs.forget(id);
  }

  addRejects(...[rejects]: Arguments<"addRejects">): Promise<void> {
    return insertRejects(this.#connection, this.#options.schema, rejects);
  }

  listRejects(...args: Arguments<"listRejects">): Promise<Outcome<"listRejects">> {
    return listRejects(this.#connection, this.#options.schema, ...args);
  }

  groupRejects(...args: Arguments<"groupRejects">): Promise<Outcome<"groupRejects">> {
    return groupRejects(this.#connection, this.#options.schema, ...args);
  }

  takeRejects(...args: Arguments<"takeRejects">): Promise<void> {
    return takeRejects(this.#connection, this.#options.schema, ...args);
  }

  settleRejects(...args: Arguments<"settleRejects">): Promise<void> {
    return applySettlement(this.#connection, this.#options.schema, ...args);
  }

  findSchedule(...args: Arguments<"findSchedule">): Promise<Outcome<"findSchedule">> {
    return this.#schedules.find(...args);
  }

  planSlots(...args: Arguments<"planSlots">): Promise<boolean> {
    return this.#schedules.plan(...args);
  }

  addSlots(...args: Arguments<"addSlots">): Promise<void> {
    return this.#schedules.add(...args);
  }

  pauseSchedule(...args: Arguments<"pauseSchedule">): Promise<void> {
    return this.#schedules.pause(...args);
  }

  forgetSchedule(...args: Arguments<"forgetSchedule">): Promise<void> {
    return this.#schedules.forget(...args);
  }

  listSlots(...args: Arguments<"listSlots">): Promise<Outcome<"listSlots">> {
    return this.#schedules.list(...args);
  }

  takeSlot(...args: Arguments<"takeSlot">): Promise<boolean> {
    return this.#schedules.take(...args);
  }

  endSlot(...args: Arguments<"endSlot">): Promise<boolean> {
    return this.#schedules.end(...args);
  }

  addToSpool(...args: Arguments<"addToSpool">): Promise<Outcome<"addToSpool">> {
    return this.#spools.add(...args);
  }

  readSpool(...args: Arguments<"readSpool">): Promise<Outcome<"readSpool">> {
    return this.#spools.read(...args);
  }

  trimSpool(...args: Arguments<"trimSpool">): Promise<void> {
    return this.#spools.trim(...args);
  }

  spoolSize(...[job]: Arguments<"spoolSize">): Promise<Outcome<"spoolSize">> {
    return this.#spools.size(job);
  }

  prune(...args: Arguments<"prune">): Promise<Outcome<"prune">> {
    return pruneHistory(this.#connection, this.#options.schema, ...args);
  }
}
