/** The spools of the state store in memory. */
import type { SpooledEntry } from "../core/ports/spool.ts";
import type { Arguments, Outcome } from "./operations.ts";
import { admit, NEW_SPOOL, type SpoolState, trimmed } from "./spool-admission.ts";

interface MemorySpool {
  state: SpoolState;
  /** In the order of their ids. */
  entries: SpooledEntry[];
  readonly keys: Map<string, { readonly id: bigint; readonly receivedAt: number }>;
}

/** Spools by job. */
export class MemorySpools {
  readonly #spools = new Map<string, MemorySpool>();

  add(...[job, entries, limits]: Arguments<"addToSpool">): Outcome<"addToSpool"> {
    const spool = this.#of(job);
    const { outcomes, admitted, after } = admit(entries, limits, spool.state, (key) => spool.keys.has(key));
    const added = admitted.map(({ id, entry: { body, receivedAt } }) => ({
      id,
      body: new Uint8Array(body),
      receivedAt,
    }));
    for (const { id, entry } of admitted) {
      if (entry.key !== null) spool.keys.set(entry.key, { id, receivedAt: entry.receivedAt });
    }
    spool.state = after;
    spool.entries.push(...added);
    return outcomes;
  }

  read(...[job, after, maxBytes]: Arguments<"readSpool">): Outcome<"readSpool"> {
    const read: SpooledEntry[] = [];
    let bytes = 0;
    const { entries } = this.#of(job);
    const [first] = entries;
    // Ids count up by one.
    const begin = first === undefined || after < first.id ? 0 : Number(after - first.id) + 1;
    for (const entry of entries.slice(begin)) {
      if (read.length > 0 && bytes + entry.body.length > maxBytes) break;
      bytes += entry.body.length;
      read.push(entry);
    }
    return read;
  }

  trim(...[job, upTo, keysBefore]: Arguments<"trimSpool">): void {
    const spool = this.#of(job);
    const gone = spool.entries.filter(({ id }) => id <= upTo);
    const bytes = gone.reduce((sum, { body }) => sum + body.length, 0);
    spool.entries = spool.entries.slice(gone.length);
    spool.state = trimmed(spool.state, upTo, { bytes, entries: gone.length });
    for (const [key, { id, receivedAt }] of spool.keys) {
      if (id <= upTo && receivedAt < keysBefore) spool.keys.delete(key);
    }
  }

  size(job: string): Outcome<"spoolSize"> {
    const { bytes, entries, dropped } = this.#of(job).state;
    return { bytes, entries, dropped };
  }

  #of(job: string): MemorySpool {
    const found = this.#spools.get(job) ?? { state: NEW_SPOOL, entries: [], keys: new Map() };
    this.#spools.set(job, found);
    return found;
  }
}
