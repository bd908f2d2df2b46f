/** The spool of a job over the state store: what is added at once shares a commit, and one process reads. */
import type { Emit } from "../actors/messages.ts";
import type { Clock } from "../core/clock.ts";
import type { Spool, SpoolEntry, SpoolLimits, SpoolOutcome, SpoolOwnership, SpoolStore } from "../core/ports/spool.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { holdLease } from "./hold-lease.ts";

/** Scope of the lease of whoever reads; no run has one of this name. */
const READER = "@spool";
/** What one step makes durable at most, so that it is not long in coming. */
const STEP_BYTES = 4 * 1024 * 1024;
const STEP_ENTRIES = 1_000;
const STEPS_AT_ONCE = 2;

/** What {@link openSpool} needs. */
export interface SpoolOptions {
  readonly state: StateStore;
  readonly job: string;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** The spool of a job. */
export function openSpool({ state, job, clock, emit }: SpoolOptions): Spool {
  const additions = new Additions(state, job);
  return {
    add: (entry, limits) => additions.add(entry, limits),
    read: (after, maxBytes) => state.readSpool(job, after, maxBytes),
    trim: (upTo, keysBefore) => state.trimSpool(job, upTo, keysBefore),
    size: () => state.spoolSize(job),
    own: async (signal): Promise<SpoolOwnership> => {
      const tell = (owner: string, forMs: number): void => emit({ kind: "waiting", owner, forMs });
      return await holdLease(state, job, READER, clock, { signal, tell });
    },
  };
}

/** An entry that waits to be made durable. */
interface Waiting {
  readonly entry: SpoolEntry;
  readonly limits: SpoolLimits;
  readonly resolve: (outcome: SpoolOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what comes while others are made durable: a store's flush costs the same for one and for many. A step waits at
 * the store while the one before it is flushed, so that the store never waits for this thread.
 */
class Additions {
  readonly #store: SpoolStore;
  readonly #job: string;
  readonly #waiting: Waiting[] = [];
  #steps = 0;

  constructor(store: SpoolStore, job: string) {
    this.#store = store;
    this.#job = job;
  }

  add(entry: SpoolEntry, limits: SpoolLimits): Promise<SpoolOutcome> {
    const { promise, resolve, reject } = Promise.withResolvers<SpoolOutcome>();
    this.#waiting.push({ entry, limits, resolve, reject });
    if (this.#steps < STEPS_AT_ONCE) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#steps++;
    while (this.#waiting.length > 0) await this.#step(this.#nextStep());
    this.#steps--;
  }

  async #step(step: readonly Waiting[]): Promise<void> {
    try {
      const entries = packed(step.map(({ entry }) => entry));
      const outcomes = await this.#store.addToSpool(this.#job, entries, step[0]?.limits ?? NO_ROOM);
      for (const [index, { resolve }] of step.entries()) resolve(outcomes[index] ?? "full");
    } catch (thrown) {
      for (const { reject } of step) reject(thrown);
    }
  }

  #nextStep(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { entry } of this.#waiting) {
      bytes += entry.body.length;
      if (count === STEP_ENTRIES || (count > 0 && bytes > STEP_BYTES)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }
}

const NO_ROOM: SpoolLimits = { bytes: 0, entries: 0 };

/**
 * The same with all bodies in memory of their own. On the way to another thread each piece of memory is copied as a whole:
 * a small part of a large one takes all of it along, and many small ones cost more than one.
 */
function packed(entries: readonly SpoolEntry[]): readonly SpoolEntry[] {
  const memory = new Uint8Array(entries.reduce((sum, { body }) => sum + body.length, 0));
  let at = 0;
  return entries.map((entry) => {
    const body = memory.subarray(at, (at += entry.body.length));
    body.set(entry.body);
    return { ...entry, body };
  });
}
