/**
 * What was there of a scope before a run: the runs of an incremental job share one scope, and each begins where the last
 * one ended; of a live source each process has a part of it for a while.
 */
import { MillraceError } from "../core/errors.ts";
import { addCounts, type Counts, countsBetween, NO_COUNTS } from "../core/ledger.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { KnownSplit } from "../core/ports/source.ts";
import type { RunRow } from "../core/ports/state-store.ts";
import type { World } from "./execution.ts";
import { progressOf } from "./prepare-run.ts";
import type { BoundPlan } from "./resolve.ts";

/** What an {@link Earlier} may be told besides. */
export interface EarlierOptions {
  /** What of it is this run's own, by sink. */
  readonly own?: ReadonlyMap<string, Counts>;
  /** How far the splits have come of which it knows nothing. */
  readonly elsewhere?: bigint;
}

/** Progress of the scope before this start of the run, by sink; empty for a job that reads everything each time. */
export class Earlier {
  readonly #bySink: ReadonlyMap<string, ReadonlyMap<string, Progress>>;
  readonly #own: ReadonlyMap<string, Counts>;
  readonly #elsewhere: bigint;

  constructor(
    bySink: ReadonlyMap<string, readonly Progress[]>,
    { own = new Map(), elsewhere = 0n }: EarlierOptions = {},
  ) {
    this.#own = own;
    this.#elsewhere = elsewhere;
    this.#bySink = new Map(
      [...bySink].map(([sink, rows]) => [sink, new Map(rows.map((row) => [row.split, row]))] as const),
    );
  }

  /** What a sink had of some splits: the run's own figures begin behind it. */
  countsOf(sink: string, rows: readonly Progress[]): Counts {
    const before = this.#bySink.get(sink);
    const all = rows.reduce((sum, { split }) => addCounts(sum, before?.get(split)?.counts ?? NO_COUNTS), NO_COUNTS);
    return countsBetween(this.#own.get(sink) ?? NO_COUNTS, all);
  }

  /** How far a split had come in a sink, or in the one that is furthest. */
  ordinalOf(split: string, sink?: string): bigint {
    const sinks = sink === undefined ? [...this.#bySink.values()] : [this.#bySink.get(sink)];
    const ordinals = sinks.map((rows) => rows?.get(split)?.position.ordinal ?? this.#elsewhere);
    return ordinals.reduce((most, ordinal) => (ordinal > most ? ordinal : most), 0n);
  }

  /** Every split that any sink knows, where the sink that is furthest behind stands. */
  known(): readonly KnownSplit[] {
    const splits = new Set([...this.#bySink.values()].flatMap((rows) => [...rows.keys()]));
    return [...splits].map((split) => this.#knownOf(split));
  }

  #knownOf(split: string): KnownSplit {
    const rows = [...this.#bySink.values()].map((sink) => sink.get(split));
    const there = rows.filter((row) => row !== undefined);
    const [last, ...others] = there.toSorted((a, b) => Number(a.position.ordinal - b.position.ordinal));
    const fingerprint = [last, ...others].find((row) => row?.fingerprint !== undefined)?.fingerprint;
    const token = there.length < rows.length ? null : (last?.position.token ?? null);
    return { id: split, token, ...(fingerprint !== undefined && { fingerprint }) };
  }
}

/** Of a split that another process has: nothing that was rejected of it is this one's to drop. */
const BEYOND_ALL = 2n ** 63n - 1n;

/** Of a job that reads everything each time. */
export const NOTHING_EARLIER = new Earlier(new Map());

/**
 * What this process found when it claimed its share of a live source.
 *
 * @param own what the run had done before, of whatever splits
 */
export function beforeShare(
  claimed: readonly { readonly name: string; readonly rows: readonly Progress[] }[],
  own: ReadonlyMap<string, Counts>,
): Earlier {
  return new Earlier(new Map(claimed.map(({ name, rows }) => [name, rows])), { own, elsewhere: BEYOND_ALL });
}

/** Asks every sink how far the scope has come, without claiming anything. */
export async function readEarlier(world: World, row: RunRow, { sinks }: BoundPlan): Promise<Earlier> {
  const bySink = new Map<string, readonly Progress[]>();
  for (const [name, sink] of sinks) {
    if (sink.resume === "restart") throw beginsAnew(name, sink.label);
    bySink.set(name, await progressOf(world, row, name, sink));
  }
  return new Earlier(bySink);
}

/**
 * Holds the sinks of a live source to what all its runs do together.
 *
 * @throws MillraceError CONFIG_INVALID
 */
export function assertContinuing({ sinks }: BoundPlan): void {
  for (const [name, { resume, label }] of sinks) {
    if (resume !== "restart") continue;
    throw new MillraceError(
      "CONFIG_INVALID",
      `sink ${name} (${label}) begins its output anew with every run, but the source is live and each start goes on where ` +
        "the last one ended; use mode: append",
    );
  }
}

function beginsAnew(sink: string, label: string): MillraceError {
  return new MillraceError(
    "CONFIG_INVALID",
    `source.incremental: each run reads only what is new, but sink ${sink} (${label}) begins its output anew with every ` +
      "run; use mode: append, or leave incremental out",
  );
}
