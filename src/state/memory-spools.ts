/** The spools of the state store in memory. */
import type { SpooledEntry } from "../core/ports/spool.ts";
import type { Arguments, Outcome } from "./operations.ts";
import { admit, type SpoolState } from "./spool-admission.ts";

interface MemorySpool {
  state: SpoolState;
  /** In the order of their ids. */
  entries: readonly SpooledEntry[];
  readonly keys: Map<string, { readonly id: bigint; readonly receivedAt: number }>;
}

/** Spools by job. */
export class MemorySpools {
  readonly #spools = new Map<string, MemorySpool>();

  add(...[job, entries, limits]: Arguments<"addToSpool">): Outcome<"addToSpool"> {
    const spool = this.#of(job);
    const { outcomes, admitted, after } = admit(entries, limits, spool.state, (key) => spool.keys.has(key));
    const added = admitted.map(({ id, entry: { body, receivedAt } }) => ({ id, body: new Uint8Array(body), receivedAt }));
    for (const { id, entry } of admitted) {
      if (entry.key !== null) spool.keys.set(entry.key, { id, receivedAt: entry.receivedAt });
    }
    spool.state = after;
    spool.entries = [...spool.entries, ...added];
    return outcomes;
  }

  read(...[job, after, maxBytes]: Arguments<"readSpool">): Outcome<"readSpool"> {
    const read: SpooledEntry[] = [];
    let bytes = 0;
    for (const entry of this.#of(job).entries) {
      if (entry.id <= after) continue;
      if (read.length > 0 && bytes + entry.body.length > maxBytes) break;
      bytes += entry.body.length;
      read.push(entry);
    }
    return read;
  }

  trim(...[job, upTo, keysBefore]: Arguments<"trimSpool">): void {
    const spool = this.#of(job);
    spool.entries = spool.entries.filter(({ id }) => id > upTo);
    const bytes = spool.entries.reduce((sum, { body }) => sum + body.length, 0);
    spool.state = { ...spool.state, bytes, entries: spool.entries.length };
    for (const [key, { id, receivedAt }] of spool.keys) {
      if (id <= upTo && receivedAt < keysBefore) spool.keys.delete(key);
    }
  }

  size(job: string): Outcome<"spoolSize"> {
    const { bytes, entries } = this.#of(job).state;
    return { bytes, entries };
  }

  #of(job: string): MemorySpool {
    const found = this.#spools.get(job) ?? {
      state: { bytes: 0, entries: 0, lastId: null },
      entries: [],
      keys: new Map(),
    };
    this.#spools.set(job, found);
    return found;
  }
}
