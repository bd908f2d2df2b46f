/**
 * The slots of a job that comes after another one: each success of that one is a slot.
 *
 * Successes are read from the state store in the order in which they ended. Machines' clocks differ, and a store that was
 * away is told late, so that a success may appear behind others that ended after it: every look begins some time before
 * the newest success seen, and the cursor names those that were seen within that time.
 */
import type { RunFilter, RunRow } from "../core/ports/state-store.ts";
import { MillraceError } from "../core/errors.ts";
import type { DueSlot, DueSlots, SlotSource } from "./slot-source.ts";
import type { SuccessBell } from "./success-bell.ts";

/** Successes of other processes are looked for so often, milliseconds. */
const LOOK_EVERY_MS = 10_000;
/** A success that appears so much later than it says is still seen, milliseconds. */
const LATE_MS = 60_000;
/** Runs that are read in one go. */
const PAGE = 1_000;

/** What the slots are made of. */
export interface AfterOptions {
  /** The job that comes first. */
  readonly upstream: string;
  /** The runs of all processes; a `StateStore` is one. */
  readonly runs: { listRuns(filter: RunFilter): Promise<readonly RunRow[]> };
  /** Whether a success is one of the job: false for a replay of its rejects and for the first records alone. */
  readonly counts: (run: RunRow) => boolean;
  /** Rung when a run has succeeded in this process; without one others' successes and its own are looked for alike. */
  readonly bell?: SuccessBell;
}

/** What a cursor says. */
interface Seen {
  /** Successes that ended up to then were seen, but for late ones; milliseconds since 1970. */
  readonly until: number;
  /** Ids of those that ended less than {@link LATE_MS} before it, or after it. */
  readonly runs: readonly string[];
}

/** A run that has succeeded. */
interface Success {
  readonly run: RunRow;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
}

/**
 * `trigger: {type: after, job}`. A slot is spelled as that of the run before it, so that both mean the same day; where that
 * has none, it is the instant at which the run ended.
 */
export class AfterSlots implements SlotSource {
  readonly trigger = "after";
  readonly fingerprint: string;
  readonly #options: AfterOptions;
  /** Milliseconds since 1970. */
  #lookedAt: number | undefined;

  constructor(options: AfterOptions) {
    this.#options = options;
    this.fingerprint = `after ${options.upstream}`;
  }

  /** What has succeeded by now is done with, whatever the clock said where it ended. */
  async start(now: number): Promise<string> {
    return written({ until: now, runs: idsOf(await this.#successesSince(now - LATE_MS)) });
  }

  async due(cursor: string, now: number): Promise<DueSlots> {
    const seen = read(cursor);
    const recent = await this.#successesSince(seen.until - LATE_MS);
    this.#lookedAt = now;
    const known = new Set(seen.runs);
    const fresh = recent.filter(({ run }) => !known.has(run.id));
    if (fresh.length === 0) return { slots: [], cursor };
    // A clock that is ahead must not hide what others write until then.
    const newest = Math.min(now, Math.max(...fresh.map(({ endedAt }) => endedAt)));
    const until = Math.max(seen.until, newest);
    const within = recent.filter(({ endedAt }) => endedAt > until - LATE_MS);
    const slots = slotsOf(
      fresh,
      recent.filter(({ run }) => known.has(run.id)),
    );
    return { slots, cursor: written({ until, runs: idsOf(within) }) };
  }

  next(_cursor: string, now: number): number {
    return Math.min(this.#lookedAt ?? now, now) + LOOK_EVERY_MS;
  }

  wake(listener: () => void): Disposable {
    return this.#options.bell?.listen(this.#options.upstream, listener) ?? { [Symbol.dispose]() {} };
  }

  /** Those that ended later than that, in the order of their ends. */
  async #successesSince(after: number): Promise<readonly Success[]> {
    const { upstream: job, runs, counts } = this.#options;
    const filter = { job, states: ["succeeded"] as const, endedAfter: new Date(after).toISOString(), limit: PAGE };
    const found: RunRow[] = [];
    for (let page = await runs.listRuns(filter); page.length > 0; ) {
      found.push(...page);
      const last = page.length < PAGE ? undefined : page.at(-1);
      if (last === undefined) break;
      page = await runs.listRuns({ ...filter, before: last.id });
    }
    const successes = found.filter(counts).map((run) => ({ run, endedAt: Date.parse(run.endedAt ?? run.startedAt) }));
    return successes.toSorted((a, b) => a.endedAt - b.endedAt || (a.run.id < b.run.id ? -1 : 1));
  }
}

/**
 * Oldest first; of two runs of one slot there is one.
 *
 * @param before successes that had their slots: which texts those took together does not depend on their order
 */
function slotsOf(successes: readonly Success[], before: readonly Success[]): readonly DueSlot[] {
  const taken = new Set<string>();
  const slotOf = ({ run, endedAt }: Success): DueSlot => {
    const slot = run.slot === null ? endSlot(endedAt, taken) : sameSlot(run.slot, endedAt);
    taken.add(slot.slot);
    return slot;
  };
  for (const success of before) slotOf(success);
  const slots = new Map(successes.map(slotOf).map((slot) => [slot.slot, slot]));
  return [...slots.values()].toSorted((a, b) => a.at - b.at);
}

/** The instant of an end, a millisecond later where another run ended in the same one. */
function endSlot(endedAt: number, taken: ReadonlySet<string>): DueSlot {
  const slot = new Date(endedAt).toISOString();
  return taken.has(slot) ? endSlot(endedAt + 1, taken) : { slot, at: endedAt };
}

/** A slot that was named by hand may have no zone, or lie ahead: it is due all the same. */
function sameSlot(slot: string, endedAt: number): DueSlot {
  const hasZone = !/T\d\d:\d\d[\d:.]*$/.test(slot);
  const at = Date.parse(hasZone ? slot : `${slot}Z`);
  return { slot, at: Number.isNaN(at) ? endedAt : Math.min(at, endedAt) };
}

function idsOf(successes: readonly Success[]): readonly string[] {
  return successes.map(({ run }) => run.id);
}

function written({ until, runs }: Seen): string {
  return [String(until), ...runs].join(" ");
}

/** @throws MillraceError STATE_CORRUPT */
function read(cursor: string): Seen {
  const [until = "", ...runs] = cursor.split(" ");
  if (/^\d+$/.test(until)) return { until: Number(until), runs };
  throw new MillraceError(
    "STATE_CORRUPT",
    `the state of an \`after\` schedule says ${JSON.stringify(cursor.slice(0, 40))}; it is no cursor`,
  );
}
