/** The operations on an open database; whoever calls them owns the transaction around them. */
import type { DatabaseSync } from "node:sqlite";
import type { Arguments, Operations, Outcome } from "../operations.ts";
import { runIsOver } from "../faults.ts";
import { LeaseTable } from "./leases.ts";
import { ProgressTable } from "./progress.ts";
import { RejectTable } from "./rejects.ts";
import { RunTable } from "./runs.ts";

/** Every operation of the state store, over prepared statements. */
export class SqliteState implements Operations {
  readonly #runs: RunTable;
  readonly #leases: LeaseTable;
  readonly #progress: ProgressTable;
  readonly #rejects: RejectTable;

  /** @param now wall-clock milliseconds */
  constructor(database: DatabaseSync, now: () => number) {
    this.#runs = new RunTable(database);
    this.#leases = new LeaseTable(database);
    this.#progress = new ProgressTable(database, now);
    this.#rejects = new RejectTable(database);
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

  claim(...args: Arguments<"claim">): Outcome<"claim"> {
    return this.#progress.claim(...args);
  }

  progress(...args: Arguments<"progress">): Outcome<"progress"> {
    return this.#progress.list(...args);
  }

  commit(...[key, advances, rejects]: Arguments<"commit">): void {
    this.#progress.advance(key, advances);
    this.#rejects.add(rejects);
  }

  mirror(...args: Arguments<"mirror">): void {
    this.#progress.mirror(...args);
  }

  forget(...[{ job, scope }]: Arguments<"forget">): void {
    if (this.#runs.find(scope)?.state === "succeeded") throw runIsOver(scope);
    this.#progress.forget(job, scope);
    this.#rejects.forget(job, scope);
  }

  addRejects(...[rejects]: Arguments<"addRejects">): void {
    this.#rejects.add(rejects);
  }

  listRejects(...args: Arguments<"listRejects">): Outcome<"listRejects"> {
    return this.#rejects.list(...args);
  }
}
