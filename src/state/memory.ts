/** The state store in memory: for tests, the simulation and jobs that may forget. Everything happens at once and in order. */
import { NO_COUNTS } from "../core/ledger.ts";
import type { Advance, Claim, Progress, SinkWord } from "../core/ports/sink.ts";
import type { KeptPosition } from "../core/ports/position-desk.ts";
import type { RunRow, StateStore } from "../core/ports/state-store.ts";
import type { ProgressKey } from "../core/position.ts";
import { fenced, runExists, runIsOver, runUnknown, storeClosed, wordsFenced } from "./faults.ts";
import { type Lease, decideLease } from "./lease.ts";
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
  /** By scope, then by sink, then by split: a scope is dropped as a whole. */
  readonly #progress = new Map<string, Map<string, Map<string, Progress>>>();
  /** By scope, then by sink, then by name. */
  readonly #words = new Map<string, Map<string, Map<string, string>>>();
  /** The highest epoch of progress that was dropped, by scope. */
  readonly #forgotten = new Map<string, number>();
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

  claim(...[key, claims]: Arguments<"claim">): Outcome<"claim"> {
    const splits = this.#splitsOf(key);
    return claims.map((claim) => {
      const stored = splits.get(claim.split);
      const claimed = stored === undefined ? this.#made(key, claim) : { ...stored, epoch: stored.epoch + 1 };
      splits.set(claim.split, claimed);
      return claimed;
    });
  }

  progress(...[key, names]: Arguments<"progress">): Outcome<"progress"> {
    const splits = this.#splitsOf(key);
    const wanted = names ?? [...splits.keys()].toSorted();
    return wanted.map((split) => splits.get(split)).filter((progress) => progress !== undefined);
  }

  listPositions(...[job]: Arguments<"listPositions">): Outcome<"listPositions"> {
    const kept = [...this.#progress].flatMap(([key, sinks]) => {
      const [of, scope] = JSON.parse(key) as [job: string, scope: string];
      if (of !== job) return [];
      return [...sinks].flatMap(([sink, splits]) =>
        [...splits.values()].map((progress) => ({ ...progress, scope, sink, updatedAt: null })),
      );
    });
    return kept.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }

  commit(...[key, advances, rejects, words = []]: Arguments<"commit">): void {
    const splits = this.#splitsOf(key);
    const next = new Map<string, Progress>();
    for (const advance of advances) {
      next.set(advance.split, advanced(key, advance, next.get(advance.split) ?? splits.get(advance.split)));
    }
    for (const [split, progress] of next) splits.set(split, progress);
    this.addRejects(rejects);
    this.#putWords(key, words);
  }

  words(...[key]: Arguments<"words">): Outcome<"words"> {
    const words = [...this.#wordsOf(key)].map(([name, word]) => ({ name, word }));
    return words.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  keepWords(...[key, words, owned]: Arguments<"keepWords">): void {
    if (owned !== undefined) {
      const stored = this.#splitsOf(owned.key).get(owned.split);
      if (stored?.epoch !== owned.epoch) throw wordsFenced(owned.key, owned.split, owned.epoch, stored?.epoch);
    }
    this.#putWords(key, words);
  }

  mirror(...[key, progress]: Arguments<"mirror">): void {
    const splits = this.#splitsOf(key);
    for (const one of progress) splits.set(one.split, one);
  }

  forget(...[{ job, scope, sink }]: Arguments<"forget">): void {
    if (this.#runs.get(scope)?.state === "succeeded") throw runIsOver(scope);
    const key = keyOf(job, scope);
    let highest = this.#forgotten.get(key) ?? 0;
    for (const splits of this.#progress.get(key)?.values() ?? []) {
      for (const { epoch } of splits.values()) highest = Math.max(highest, epoch);
    }
    this.#forgotten.set(key, highest);
    for (const kept of [this.#progress, this.#words]) {
      if (sink === undefined) kept.delete(key);
      else kept.get(key)?.delete(sink);
    }
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
    for (const { scope } of old) if (scope !== "" && !this.#hasScope(job, scope)) this.#dropScope(keyOf(job, scope));
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

  #dropScope(key: string): void {
    for (const kept of [this.#progress, this.#words, this.#forgotten]) kept.delete(key);
  }

  #splitsOf({ job, scope, sink }: ProgressKey): Map<string, Progress> {
    const sinks = getOrMake(this.#progress, keyOf(job, scope), () => new Map<string, Map<string, Progress>>());
    return getOrMake(sinks, sink, () => new Map<string, Progress>());
  }

  #wordsOf({ job, scope, sink }: ProgressKey): Map<string, string> {
    const sinks = getOrMake(this.#words, keyOf(job, scope), () => new Map<string, Map<string, string>>());
    return getOrMake(sinks, sink, () => new Map<string, string>());
  }

  #putWords(key: ProgressKey, words: readonly SinkWord[]): void {
    if (words.length === 0) return;
    const kept = this.#wordsOf(key);
    for (const { name, word } of words) {
      if (word === null) kept.delete(name);
      else kept.set(name, word);
    }
  }

  #made({ job, scope }: ProgressKey, { split, origin, fingerprint }: Claim): Progress {
    const epoch = (this.#forgotten.get(keyOf(job, scope)) ?? 0) + 1;
    const progress = { split, epoch, position: origin, counts: NO_COUNTS };
    return fingerprint === undefined ? progress : { ...progress, fingerprint };
  }
}

/** @throws MillraceError FENCED when the compare misses */
function advanced(key: ProgressKey, advance: Advance, stored: Progress | undefined): Progress {
  const { epoch, from, to, counts } = advance;
  if (stored?.epoch !== epoch || stored.position.ordinal !== from) throw fenced(key, advance, stored);
  return { ...stored, position: to, counts };
}

/** Compares as scope, sink and split do in turn. */
function orderOf({ scope, sink, split }: KeptPosition): string {
  return [scope, sink, split].join("\0");
}

/** Parts put together so that no two lists of parts make the same key. */
function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
