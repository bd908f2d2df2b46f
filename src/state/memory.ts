/** The state store in memory: for tests, the simulation and jobs that may forget. Everything happens at once and in order. */
import { NO_COUNTS } from "../core/ledger.ts";
import type { Advance, Claim, Progress } from "../core/ports/sink.ts";
import type { RunRow, StateStore } from "../core/ports/state-store.ts";
import type { ProgressKey } from "../core/position.ts";
import type { Reject } from "../core/reject.ts";
import { fenced, runExists, runIsOver, runUnknown, storeClosed } from "./faults.ts";
import { type Lease, decideLease } from "./lease.ts";
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

type StoredReject = Reject & { readonly id: number };

class MemoryState implements Operations {
  readonly #runs = new Map<string, RunRow>();
  readonly #leases = new Map<string, Lease>();
  /** By scope, then by sink, then by split: a scope is dropped as a whole. */
  readonly #progress = new Map<string, Map<string, Map<string, Progress>>>();
  /** The highest epoch of progress that was dropped, by scope. */
  readonly #forgotten = new Map<string, number>();
  readonly #rejects = new Map<string, StoredReject>();
  #lastReject = 0;

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

  listRuns(...[{ job, limit }]: Arguments<"listRuns">): Outcome<"listRuns"> {
    const newestFirst = [...this.#runs.values()].toReversed();
    return newestFirst.filter((run) => job === undefined || run.job === job).slice(0, limit);
  }

  acquireLease(...[{ job, scope }, owner, time, steal = false]: Arguments<"acquireLease">): Outcome<"acquireLease"> {
    const key = keyOf(job, scope);
    return decideLease(this.#leases.get(key), { owner, time, steal }, (lease) => this.#leases.set(key, lease));
  }

  releaseLease(...[{ job, scope }, ownerId]: Arguments<"releaseLease">): void {
    const key = keyOf(job, scope);
    if (this.#leases.get(key)?.owner.id === ownerId) this.#leases.delete(key);
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

  commit(...[key, advances, rejects]: Arguments<"commit">): void {
    const splits = this.#splitsOf(key);
    const next = new Map<string, Progress>();
    for (const advance of advances) {
      next.set(advance.split, advanced(key, advance, next.get(advance.split) ?? splits.get(advance.split)));
    }
    for (const [split, progress] of next) splits.set(split, progress);
    this.addRejects(rejects);
  }

  mirror(...[key, progress]: Arguments<"mirror">): void {
    const splits = this.#splitsOf(key);
    for (const one of progress) splits.set(one.split, one);
  }

  forget(...[{ job, scope }]: Arguments<"forget">): void {
    if (this.#runs.get(scope)?.state === "succeeded") throw runIsOver(scope);
    const key = keyOf(job, scope);
    let highest = this.#forgotten.get(key) ?? 0;
    for (const splits of this.#progress.get(key)?.values() ?? []) {
      for (const { epoch } of splits.values()) highest = Math.max(highest, epoch);
    }
    this.#forgotten.set(key, highest);
    this.#progress.delete(key);
    for (const [id, reject] of this.#rejects) {
      if (reject.job === job && reject.scope === scope) this.#rejects.delete(id);
    }
  }

  addRejects(...[rejects]: Arguments<"addRejects">): void {
    for (const reject of rejects) {
      const { job, scope, split, position, sink, output } = reject;
      const key = keyOf(job, scope, split, position.token, sink ?? "", String(output ?? ""));
      if (!this.#rejects.has(key)) this.#rejects.set(key, { ...reject, id: ++this.#lastReject });
    }
  }

  listRejects(...[{ job, run, after = 0, limit }]: Arguments<"listRejects">): Outcome<"listRejects"> {
    const matching = this.#rejects.values().filter((reject) => reject.job === job && reject.id > after);
    return [...matching.filter((reject) => run === undefined || reject.run === run).take(limit)];
  }

  #splitsOf({ job, scope, sink }: ProgressKey): Map<string, Progress> {
    const sinks = getOrMake(this.#progress, keyOf(job, scope), () => new Map<string, Map<string, Progress>>());
    return getOrMake(sinks, sink, () => new Map<string, Progress>());
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

/** Parts put together so that no two lists of parts make the same key. */
function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
