/** Progress and words of a store in memory. */
import { NO_COUNTS } from "../core/ledger.ts";
import type { KeptPosition } from "../core/ports/position-desk.ts";
import type { Advance, Claim, Progress, SinkWord } from "../core/ports/sink.ts";
import type { ProgressKey } from "../core/position.ts";
import { fenced, wordsFenced } from "./faults.ts";
import type { Arguments, Outcome } from "./operations.ts";

/** What one scope keeps: by sink, then by split or by name. A scope is dropped as a whole. */
interface ScopeMemory {
  readonly splits: Map<string, Map<string, Progress>>;
  readonly words: Map<string, Map<string, string>>;
}

/** How far every sink of every scope is, and the words that sinks keep. */
export class MemoryProgress {
  readonly #scopes = new Map<string, ScopeMemory>();
  /** The highest epoch of progress that was dropped, by scope. */
  readonly #forgotten = new Map<string, number>();

  claim(key: ProgressKey, claims: readonly Claim[]): readonly Progress[] {
    const splits = this.#splitsOf(key);
    return claims.map((claim) => {
      const stored = splits.get(claim.split);
      const claimed = stored === undefined ? this.#made(key, claim) : { ...stored, epoch: stored.epoch + 1 };
      splits.set(claim.split, claimed);
      return claimed;
    });
  }

  read(key: ProgressKey, names?: readonly string[]): readonly Progress[] {
    const splits = this.#splitsOf(key);
    const wanted = names ?? [...splits.keys()].toSorted();
    return wanted.map((split) => splits.get(split)).filter((progress) => progress !== undefined);
  }

  /** Of every scope and sink of a job. */
  positions(job: string): readonly KeptPosition[] {
    const kept = [...this.#scopes].flatMap(([key, { splits: sinks }]) => {
      const [of, scope] = JSON.parse(key) as [job: string, scope: string];
      if (of !== job) return [];
      return [...sinks].flatMap(([sink, splits]) =>
        [...splits.values()].map((progress) => ({ ...progress, scope, sink, updatedAt: null })),
      );
    });
    return kept.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  }

  /** All steps or none. @throws MillraceError FENCED when one of the compares misses */
  advance(key: ProgressKey, advances: readonly Advance[]): void {
    const splits = this.#splitsOf(key);
    const next = new Map<string, Progress>();
    for (const advance of advances) {
      next.set(advance.split, advanced(key, advance, next.get(advance.split) ?? splits.get(advance.split)));
    }
    for (const [split, progress] of next) splits.set(split, progress);
  }

  /** Takes over what was committed elsewhere. */
  mirror(key: ProgressKey, progress: readonly Progress[]): void {
    const splits = this.#splitsOf(key);
    for (const one of progress) splits.set(one.split, one);
  }

  words(key: ProgressKey): readonly SinkWord[] {
    const words = [...this.#wordsOf(key)].map(([name, word]) => ({ name, word }));
    return words.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws MillraceError FENCED when `owned` names an epoch that is over */
  keepWords(...[key, words, owned]: Arguments<"keepWords">): Outcome<"keepWords"> {
    if (owned !== undefined) {
      const stored = this.#splitsOf(owned.key).get(owned.split);
      if (stored?.epoch !== owned.epoch) throw wordsFenced(owned.key, owned.split, owned.epoch, stored?.epoch);
    }
    if (words.length === 0) return;
    const kept = this.#wordsOf(key);
    for (const { name, word } of words) {
      if (word === null) kept.delete(name);
      else kept.set(name, word);
    }
  }

  /** Drops what a sink, or all of them, has in a scope; epochs go on behind those that were given. */
  forget(job: string, scope: string, sink?: string): void {
    const key = keyOf(job, scope);
    const kept = this.#scopes.get(key);
    const epochs = [...(kept?.splits.values() ?? [])].flatMap((splits) =>
      [...splits.values()].map(({ epoch }) => epoch),
    );
    this.#forgotten.set(key, Math.max(this.#forgotten.get(key) ?? 0, ...epochs));
    if (sink === undefined) this.#scopes.delete(key);
    else for (const part of [kept?.splits, kept?.words]) part?.delete(sink);
  }

  /** Drops a scope for good. */
  drop(job: string, scope: string): void {
    this.#scopes.delete(keyOf(job, scope));
    this.#forgotten.delete(keyOf(job, scope));
  }

  #splitsOf(key: ProgressKey): Map<string, Progress> {
    return getOrMake(this.#scopeOf(key).splits, key.sink, () => new Map<string, Progress>());
  }

  #wordsOf(key: ProgressKey): Map<string, string> {
    return getOrMake(this.#scopeOf(key).words, key.sink, () => new Map<string, string>());
  }

  #scopeOf({ job, scope }: ProgressKey): ScopeMemory {
    return getOrMake(this.#scopes, keyOf(job, scope), () => ({ splits: new Map(), words: new Map() }));
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

/** Put together so that no two jobs and scopes make the same key. */
function keyOf(job: string, scope: string): string {
  return JSON.stringify([job, scope]);
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
