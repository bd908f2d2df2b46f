/** The state store in memory: for tests, the simulation and jobs that may forget. Everything happens at once and in order. */
import type { RunRow, StateStore } from "../core/ports/state-store.ts";
import { runExists, runIsOver, runUnknown, storeClosed } from "./faults.ts";
import { type Lease, decideLease } from "./lease.ts";
import { MemoryProgress } from "./memory-progress.ts";
import { MemoryRejects } from "./memory-rejects.ts";
import { MemorySchedules } from "./memory-schedules.ts";
import { MemorySpools } from "./memory-spools.ts";
import { isAskedFor } from "./run-filter.ts";
import { type Arguments, type Operation, type Operations, type Outcome, perform, storeOver } from "./operations.ts";

/**
 * Opens an empty store.
 *
 * @example
 * await using state = openMemoryStore();
 */
export function openMemoryStore(): StateStore {
  const label = "memory";
  const state = new MemoryState();
  let closed = false;
  return storeOver(
    label,
    async <O extends Operation>(operation: O, args: Arguments<O>): Promise<Outcome<O>> => {
      if (closed) throw storeClosed("state store memory");
      return perform(state, operation, args);
    },
    async () => {
      closed = true;
    },
  );
}

class MemoryState implements Operations {
  readonly #runs = new Map<string, RunRow>();
  readonly #leases = new Map<string, Lease>();
  readonly #progress = new MemoryProgress();
  readonly #rejects = new MemoryRejects();
  readonly #schedules = new MemorySchedules();
  readonly #spools = new MemorySpools();

  createRun(...[run]: Arguments<"createRun">): void {
    if (this.#runs.has(run.id)) throw runExists(run.id);
    this.#runs.set(run.id, run);
  }

  updateRun(...[id, change]: Arguments<"updateRun">): void {
    const run = this.#runs.get(id);
    if (run === undefined) throw runUnknown(id);
    if (run.state !== "succeeded") this.#runs.set(id, { ...run, ...change });
  }

  findRun(...[id]: Arguments<"findRun">): Outcome<"findRun"> {
    return this.#runs.get(id);
  }

  listRuns(...[{ before, limit, ...filter }]: Arguments<"listRuns">): Outcome<"listRuns"> {
    const oldestFirst = [...this.#runs.values()];
    const end = before === undefined ? oldestFirst.length : oldestFirst.findIndex(({ id }) => id === before);
    return oldestFirst
      .slice(0, Math.max(0, end))
      .toReversed()
      .filter((run) => isAskedFor(run, filter))
      .slice(0, limit);
  }

  acquireLease(...[{ job, scope }, owner, time, steal = false]: Arguments<"acquireLease">): Outcome<"acquireLease"> {
    const key = keyOf(job, scope);
    return decideLease(this.#leases.get(key), { owner, time, steal }, (lease) => this.#leases.set(key, lease));
  }

  releaseLease(...[{ job, scope }, ownerId]: Arguments<"releaseLease">): void {
    const key = keyOf(job, scope);
    if (this.#leases.get(key)?.owner.id === ownerId) this.#leases.delete(key);
  }

  findLease(...[{ job, scope }]: Arguments<"findLease">): Outcome<"findLease"> {
    return this.#leases.get(keyOf(job, scope));
  }

  claim(...args: Arguments<"claim">): Outcome<"claim"> {
    return this.#progress.claim(...args);
  }

  progress(...args: Arguments<"progress">): Outcome<"progress"> {
    return this.#progress.read(...args);
  }

  listPositions(...[job]: Arguments<"listPositions">): Outcome<"listPositions"> {
    return this.#progress.positions(job);
  }

  commit(...[key, advances, rejects, words = []]: Arguments<"commit">): void {
    this.#progress.advance(key, advances);
    this.#rejects.add(rejects);
    this.#progress.keepWords(key, words);
  }

  words(...[key]: Arguments<"words">): Outcome<"words"> {
    return this.#progress.words(key);
  }

  keepWords(...args: Arguments<"keepWords">): void {
    this.#progress.keepWords(...args);
  }

  mirror(...args: Arguments<"mirror">): void {
    this.#progress.mirror(...args);
  }

  forget(...[{ job, scope, sink }]: Arguments<"forget">): void {
    if (this.#runs.get(scope)?.state === "succeeded") throw runIsOver(scope);
    this.#progress.forget(job, scope, sink);
    this.#rejects.forget(job, scope, sink);
  }

  forgetRun(...[id]: Arguments<"forgetRun">): void {
    if (this.#runs.get(id)?.state === "succeeded") throw runIsOver(id);
    this.#runs.delete(id);
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

  prune(...[job, { runsBefore, limit, ...rejects }]: Arguments<"prune">): Outcome<"prune"> {
    const runs = [...this.#runs.values().filter((run) => run.job === job)];
    const isOld = ({ state, startedAt, endedAt }: RunRow): boolean =>
      state === "succeeded" && (endedAt ?? startedAt) < runsBefore;
    const old = runs.slice(0, -1).filter(isOld).slice(0, limit);
    for (const { id } of old) {
      this.#runs.delete(id);
      this.#rejects.forgetReplay(job, id);
    }
    for (const { scope } of old) if (scope !== "" && !this.#hasScope(job, scope)) this.#progress.drop(job, scope);
    const isUnfinished = (run: string): boolean => (this.#runs.get(run)?.state ?? "succeeded") !== "succeeded";
    return {
      runs: old.length,
      rejects: this.#rejects.prune(job, { ...rejects, limit }, isUnfinished),
      slots: this.#schedules.prune(job, Date.parse(runsBefore), limit),
    };
  }

  #hasScope(job: string, scope: string): boolean {
    return this.#runs.values().some((run) => run.job === job && run.scope === scope);
  }
}

/** Parts put together so that no two lists of parts make the same key. */
function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
