/** Sets saved positions back, so that the next start reads some records once more. docs/state.md says how. */
import type { Job } from "../../config/job.ts";
import { jobForRun } from "../../config/read-job.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { type Counts, NO_COUNTS } from "../../core/ledger.ts";
import { nearestName } from "../../core/nearest.ts";
import type { PositionDesk } from "../../core/ports/position-desk.ts";
import type { Progress } from "../../core/ports/sink.ts";
import type { BoundSource, SplitPlan } from "../../core/ports/source.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { originPosition, type Position } from "../../core/position.ts";
import { type Random, systemRandom } from "../../core/random.ts";
import { formatByName } from "../../formats/catalog.ts";
import { describe } from "../describe.ts";
import { Earlier } from "../earlier.ts";
import { type Head, headOf } from "../head-scan.ts";
import { placesOf, type RejectPlaces } from "../rejects/reject-places.ts";
import { type BoundPlan, resolve } from "../resolve.ts";
import { identityKeyOf, valuesOf } from "../run-identity.ts";
import { applyRewind, dropRejects, type RewindStep } from "./apply-rewind.ts";
import { openDesks } from "./desks.ts";
import { holdLease } from "../hold-lease.ts";
import { recount } from "./recount.ts";
import { resumableRun } from "./stored-runs.ts";

/** How far back, and of what. */
export interface RewindOptions {
  readonly state: StateStore;
  /** Records of the split that stay consumed. */
  readonly to: bigint | "start";
  /** May be left out where there is one, or for `start`. */
  readonly split?: string;
  /** The run, where several are unfinished. */
  readonly run?: string;
  /** Rows that are written stay, and are written again. */
  readonly keepWritten?: boolean;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** What was set back; no steps: all sinks stood there or before. */
export interface Rewound {
  readonly run: RunRow;
  readonly steps: readonly RewindStep[];
}

/**
 * Sets positions back in all sinks of a split, within what the scope has consumed, and raises their epochs.
 *
 * @throws MillraceError RUN_NOT_FOUND, USAGE, REWIND_REFUSED when rows would be there twice, LEASE_HELD while it runs
 * @throws MillraceError SOURCE_CHANGED when the source no longer holds the records
 */
export async function rewindJob(given: Job, options: RewindOptions): Promise<Rewound> {
  const { state, clock = systemClock, random = systemRandom } = options;
  const run = await resumableRun(state, given.name, options.run ?? null);
  const job = jobForRun(given, { ...valuesOf(run), environment: process.env });
  await using opened = new AsyncDisposableStack();
  const lease = opened.use(await holdLease(state, job.name, identityKeyOf(run), clock));
  const signal = options.signal === undefined ? lease.lost : AbortSignal.any([options.signal, lease.lost]);
  const bound = opened.use(await resolve(describe(job), { clock, signal }));
  assertNotLive(bound.source);
  const desks = await openDesks(job, opened, { clock, signal });
  const places = placesOf(bound.plan, bound.sinks, state);
  const work: Work = { run, state, bound, desks, places, clock, random, signal };
  const stand = await standOf(work);
  const steps: RewindStep[] = [];
  for (const split of chosenSplits(stand, options)) steps.push(...(await stepsOf(work, stand, split, options.to)));
  for (const step of steps) assertNotTwice(step, work, options.keepWritten ?? false);
  // Rejects first: were they left behind by a crash in between, they would stand for records that are read again.
  await dropRejects(steps, { job: job.name, scope: run.scope, places });
  await applyRewind(steps, { job: job.name, scope: run.scope, state, desks });
  return { run, steps };
}

/** What the steps are found with. */
interface Work {
  readonly run: RunRow;
  readonly state: StateStore;
  readonly bound: BoundPlan;
  readonly desks: ReadonlyMap<string, PositionDesk>;
  readonly places: RejectPlaces;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/** Where the scope's splits stand, by sink. */
type Stand = ReadonlyMap<string, readonly Progress[]>;

async function standOf({ run: { job, scope }, state, bound, desks }: Work): Promise<Stand> {
  const stand = new Map<string, readonly Progress[]>();
  for (const sink of bound.sinks.keys()) {
    const kept = await desks.get(sink)?.list(job);
    stand.set(
      sink,
      kept?.filter((position) => position.scope === scope) ?? (await state.progress({ job, scope, sink })),
    );
  }
  return stand;
}

const MOST_NAMES = 5;

/** @throws MillraceError USAGE for a split that is none, or when it is not clear which */
function chosenSplits(stand: Stand, { split, to }: RewindOptions): readonly string[] {
  const names = [...new Set([...stand.values()].flatMap((rows) => rows.map((row) => row.split)))];
  if (split !== undefined) {
    if (names.includes(split)) return [split];
    const nearest = nearestName(split, names);
    const guess = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw usage(`--split ${split}: nothing was read of such a split${guess}`);
  }
  if (to === "start" || names.length < 2) return names;
  const shown = [...names.slice(0, MOST_NAMES), ...(names.length > MOST_NAMES ? ["..."] : [])].join(", ");
  throw usage(`--to ${to}: an ordinal counts the records of one split; name it with --split (${shown})`);
}

/** The steps back of every sink that is further. */
async function stepsOf(work: Work, stand: Stand, name: string, to: bigint | "start"): Promise<readonly RewindStep[]> {
  const ordinal = to === "start" ? 0n : to;
  const rows = [...stand].flatMap(([sink, all]) =>
    all.filter(({ split }) => split === name).map((row) => ({ sink, row })),
  );
  const furthest = rows.reduce((most, { row }) => (row.position.ordinal > most ? row.position.ordinal : most), 0n);
  if (ordinal > furthest) {
    throw usage(`--to ${ordinal}: ${name} was read up to ordinal ${furthest}; a position can only be set back`);
  }
  const ahead = rows.filter(({ row }) => row.position.ordinal > ordinal);
  if (ahead.length === 0) return [];
  const { position, counts } = await placeOf(work, stand, name, ordinal);
  return ahead.map(({ sink, row }) => {
    const there = counts.get(sink) ?? NO_COUNTS;
    const again = Math.max(0, row.counts.written - there.written);
    return { sink, split: name, epoch: row.epoch, from: row.position.ordinal, to: position, counts: there, again };
  });
}

/** The position at an ordinal, and what every sink's ledger says there. */
async function placeOf(
  work: Work,
  stand: Stand,
  name: string,
  ordinal: bigint,
): Promise<{ readonly position: Position; readonly counts: ReadonlyMap<string, Counts> }> {
  const { bound, run, signal } = work;
  const { source, split } = await splitOf(bound.source, run, stand, name);
  if (ordinal === 0n) return { position: originPosition(split.origin, split.originLine), counts: new Map() };
  const { decode } = bound.plan;
  const options = { format: formatByName(decode.format), decode, signal };
  const head = await headOf(source, split, Number(ordinal), options);
  if (head.records < Number(ordinal)) {
    const found = `${head.records} records`;
    throw new MillraceError("SOURCE_CHANGED", `${name} holds ${found} now, and ordinal ${ordinal} lies behind them`);
  }
  const scope = run.scope;
  return {
    position: positionBehind(split, head),
    counts: await recount({ ...work, bound: { ...bound, source }, split, head, scope }),
  };
}

function positionBehind({ originLine }: SplitPlan, { records, token, lines }: Head): Position {
  const place = { ordinal: BigInt(records), token };
  return originLine === undefined ? place : { ...place, line: originLine + lines };
}

/** The split as its source has it today, with what told at its first reading that it is the same data. */
async function splitOf(
  bound: BoundSource,
  { scope }: RunRow,
  stand: Stand,
  name: string,
): Promise<{ readonly source: BoundSource; readonly split: SplitPlan }> {
  const known = new Earlier(stand).known();
  const begun = known.map((split) => (split.id === name ? { ...split, token: null } : split));
  // An incremental source names what has something new only: as if nothing had been read of this one.
  const source = scope === "" ? ((await bound.continueFrom?.(begun)) ?? bound) : bound;
  const split = source.splits.find(({ id }) => id === name);
  if (split === undefined) {
    throw new MillraceError("SOURCE_CHANGED", `${name} is no longer there, so no earlier place can be found in it`);
  }
  const fingerprint = known.find(({ id }) => id === name)?.fingerprint;
  return { source, split: fingerprint === undefined ? split : { ...split, fingerprint } };
}

/** Its records cannot be counted from the beginning: the first of them may be gone. */
function assertNotLive({ shares, label }: BoundSource): void {
  if (shares === undefined) return;
  throw refused(
    `${label} is a live source, in which no earlier ordinal can be found: stop the job, say in source.from where it is to ` +
      "begin again, and run millrace state forget <job>",
  );
}

/** @throws MillraceError REWIND_REFUSED when the next start would write rows that are there */
function assertNotTwice(step: RewindStep, { bound, run, desks }: Work, keepWritten: boolean): void {
  const { sink, split, to, again } = step;
  const of = bound.sinks.get(sink);
  if (of?.positions === "sink" && !desks.has(sink)) {
    throw refused(`${of.label} keeps its positions itself and has no way to set them back`);
  }
  if (of === undefined || again === 0) return;
  const what = `${of.label} holds ${again} records of ${split} from behind ordinal ${to.ordinal}`;
  if (of.appends) {
    if (keepWritten) return;
    throw refused(`${what}, and the next run would write them again: take them out and use --keep-written`);
  }
  if ((of.positions === "sink" && of.repeatable !== false) || run.state === "succeeded") return;
  const instead =
    run.scope === ""
      ? "end the run first (millrace run), then set it back"
      : "begin anew with millrace run --restart, which discards them";
  throw refused(`${what} in its unfinished output, from which no rows can be taken out: ${instead}`);
}

function refused(message: string): MillraceError {
  return new MillraceError("REWIND_REFUSED", message);
}

function usage(message: string): MillraceError {
  return new MillraceError("USAGE", message);
}
