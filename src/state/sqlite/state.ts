/** The operations on an open database; whoever calls them owns the transaction around them. */
import type { DatabaseSync } from "node:sqlite";
import type { Arguments, Operations, Outcome } from "../operations.ts";
import { runIsOver, wordsFenced } from "../faults.ts";
import { LeaseTable } from "./leases.ts";
import { ProgressTable } from "./progress.ts";
import { RejectTable } from "./rejects.ts";
import { pruneHistory } from "./retention.ts";
import { RunTable } from "./runs.ts";
import { ScheduleTable } from "./schedules.ts";
import { SpoolTable } from "./spools.ts";
import { WordTable } from "./words.ts";

/** Every operation of the state store, over prepared statements. */
export class SqliteState implements Operations {
  readonly #database: DatabaseSync;
  readonly #runs: RunTable;
  readonly #leases: LeaseTable;
  readonly #progress: ProgressTable;
  readonly #rejects: RejectTable;
  readonly #schedules: ScheduleTable;
  readonly #spools: SpoolTable;
  readonly #words: WordTable;

  /** @param now wall-clock milliseconds */
  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database;
    this.#runs = new RunTable(database);
    this.#leases = new LeaseTable(database);
    this.#progress = new ProgressTable(database, now);
    this.#rejects = new RejectTable(database);
    this.#schedules = new ScheduleTable(database);
    this.#spools = new SpoolTable(database);
    this.#words = new WordTable(database);
  }

  createRun(...[run]: Arguments<"createRun">): void {
    this.#runs.create(run);
  }

  updateRun(...args: Arguments<"updateRun">): void {
    this.#runs.update(...args);
  }

  findRun(...[id]: Arguments<"findRun">): Outcome<"findRun"> {
    return this.#runs.find(id);
  }

  listRuns(...args: Arguments<"listRuns">): Outcome<"listRuns"> {
    return this.#runs.list(...args);
  }

  acquireLease(...args: Arguments<"acquireLease">): Outcome<"acquireLease"> {
    return this.#leases.acquire(...args);
  }

  releaseLease(...args: Arguments<"releaseLease">): void {
    this.#leases.release(...args);
  }

  findLease(...[key]: Arguments<"findLease">): Outcome<"findLease"> {
    return this.#leases.find(key);
  }

  claim(...args: Arguments<"claim">): Outcome<"claim"> {
    return this.#progress.claim(...args);
  }

  progress(...args: Arguments<"progress">): Outcome<"progress"> {
    return this.#progress.list(...args);
  }

  listPositions(...args: Arguments<"listPositions">): Outcome<"listPositions"> {
    return this.#progress.listAll(...args);
  }

  commit(...[key, advances, rejects, words = []]: Arguments<"commit">): void {
    this.#progress.advance(key, advances);
    this.#rejects.add(rejects);
    this.#words.keep(key, words);
  }

  words(...[key]: Arguments<"words">): Outcome<"words"> {
    return this.#words.list(key);
  }

  keepWords(...[key, words, owned]: Arguments<"keepWords">): void {
    if (owned !== undefined) {
      const [stored] = this.#progress.list(owned.key, [owned.split]);
      if (stored?.epoch !== owned.epoch) throw wordsFenced(owned.key, owned.split, owned.epoch, stored?.epoch);
    }
    this.#words.keep(key, words);
  }

  mirror(...args: Arguments<"mirror">): void {
    this.#progress.mirror(...args);
  }

  forget(...[key]: Arguments<"forget">): void {
    const { job, scope } = key;
    const sink = key.sink ?? null;
    if (this.#runs.find(scope)?.state === "succeeded") throw runIsOver(scope);
    this.#progress.forget(job, scope, sink);
    this.#rejects.forget(job, scope, sink);
    this.#words.forget(job, scope, sink);
  }

  forgetRun(...args: Arguments<"forgetRun">): void {
    this.#runs.forget(...args);
  }

  addRejects(...[rejects]: Arguments<"addRejects">): void {
    this.#rejects.add(rejects);
  }

  listRejects(...args: Arguments<"listRejects">): Outcome<"listRejects"> {
    return this.#rejects.list(...args);
  }

  groupRejects(...args: Arguments<"groupRejects">): Outcome<"groupRejects"> {
    return this.#rejects.group(...args);
  }

  takeRejects(...args: Arguments<"takeRejects">): void {
    this.#rejects.take(...args);
  }

  settleRejects(...args: Arguments<"settleRejects">): void {
    this.#rejects.settle(...args);
  }

  findSchedule(...[job]: Arguments<"findSchedule">): Outcome<"findSchedule"> {
    return this.#schedules.find(job);
  }

  planSlots(...args: Arguments<"planSlots">): boolean {
    return this.#schedules.plan(...args);
  }

  addSlots(...args: Arguments<"addSlots">): void {
    this.#schedules.add(...args);
  }

  pauseSchedule(...args: Arguments<"pauseSchedule">): void {
    this.#schedules.pause(...args);
  }

  forgetSchedule(...[job]: Arguments<"forgetSchedule">): void {
    this.#schedules.forget(job);
  }

  listSlots(...args: Arguments<"listSlots">): Outcome<"listSlots"> {
    return this.#schedules.list(...args);
  }

  takeSlot(...args: Arguments<"takeSlot">): boolean {
    return this.#schedules.take(...args);
  }

  endSlot(...args: Arguments<"endSlot">): boolean {
    return this.#schedules.end(...args);
  }

  addToSpool(...args: Arguments<"addToSpool">): Outcome<"addToSpool"> {
    return this.#spools.add(...args);
  }

  readSpool(...args: Arguments<"readSpool">): Outcome<"readSpool"> {
    return this.#spools.read(...args);
  }

  trimSpool(...args: Arguments<"trimSpool">): void {
    this.#spools.trim(...args);
  }

  spoolSize(...[job]: Arguments<"spoolSize">): Outcome<"spoolSize"> {
    return this.#spools.size(job);
  }

  prune(...args: Arguments<"prune">): Outcome<"prune"> {
    return pruneHistory(this.#database, ...args);
  }
}
