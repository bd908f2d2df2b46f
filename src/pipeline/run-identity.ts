/** Which run a start means: the newest unfinished one of the same identity, or a new one. SEMANTICS "Scope". */
import { passedLimit, type RejectLimitOptions } from "../actors/reject-limits.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { addCounts, type Counts, NO_COUNTS } from "../core/ledger.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { RunRow, StateStore } from "../core/ports/state-store.ts";
import { newRunId, type Random } from "../core/random.ts";
import { type LostRun, lostRunError } from "./lost-runs.ts";

/** What makes two starts mean the same run. */
export interface Identity {
  readonly job: string;
  readonly slot: string | null;
  readonly params: { readonly [name: string]: string };
}

/** What the caller wishes about an unfinished run. */
export interface StartWish {
  /** Begin anew. */
  readonly restart: boolean;
  /** With `restart`: leave what an append sink already holds. */
  readonly keepWritten: boolean;
  /** Go on with this run. */
  readonly resume: string | null;
  readonly acceptRejects: boolean;
  readonly trigger: string;
}

/** The run to be executed. */
export interface StartedRun {
  readonly row: RunRow;
  readonly resumed: boolean;
  /** The state store does not know it yet. */
  readonly isNew: boolean;
  /** The unfinished run that is given up for this one. */
  readonly replaces: RunRow | null;
}

/** What a start is chosen from. */
export interface KnownRuns {
  readonly state: StateStore;
  /** Runs that only a sink remembers. */
  readonly lost: readonly LostRun[];
}

/** One text for one identity: the key of its lease. */
export function identityKey({ slot, params }: Identity): string {
  return `${slot ?? ""}|${canonicalParams(params)}`;
}

/** The same parameters give the same text, whatever their order. */
export function canonicalParams(params: Identity["params"]): string {
  return JSON.stringify(Object.entries(params).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/**
 * Chooses the run. Nothing is written yet.
 *
 * @throws MillraceError RUN_NOT_FOUND when `resume` names none of this job, or one that has succeeded
 * @throws MillraceError USAGE when the run that `resume` names was started for another slot or with other parameters
 * @throws MillraceError STATE_LOST when a sink holds an unfinished run that the state store does not know
 */
export async function chooseRun(
  known: KnownRuns,
  identity: Identity,
  wish: StartWish,
  time: { readonly clock: Clock; readonly random: Random },
): Promise<StartedRun> {
  if (wish.resume !== null) return resumeNamed(known, identity, wish, time, wish.resume);
  const unfinished = await newestUnfinished(known.state, identity);
  const [lost] = known.lost;
  if (lost !== undefined && !wish.restart) throw lostRunError(identity.job, known.state, lost);
  if (unfinished !== null && !wish.restart) return { row: unfinished, resumed: true, isNew: false, replaces: null };
  const id = newRunId(time.clock.now(), time.random);
  return {
    row: newRow(identity, wish, time.clock, { id, scope: id }),
    resumed: false,
    isNew: true,
    replaces: unfinished,
  };
}

function newRow(
  identity: Identity,
  { trigger }: StartWish,
  clock: Clock,
  { id, scope }: { readonly id: string; readonly scope: string },
): RunRow {
  return {
    id,
    job: identity.job,
    scope,
    slot: identity.slot,
    params: canonicalParams(identity.params),
    trigger,
    state: "running",
    startedAt: new Date(clock.now()).toISOString(),
    endedAt: null,
    columns: null,
    fingerprint: null,
    summary: null,
  };
}

async function resumeNamed(
  { state, lost }: KnownRuns,
  identity: Identity,
  wish: StartWish,
  { clock }: { readonly clock: Clock },
  id: string,
): Promise<StartedRun> {
  const row = await state.findRun(id);
  if (row?.job === identity.job) {
    assertResumable(row, identity);
    return { row, resumed: true, isNew: false, replaces: null };
  }
  const remembered = lost.find(({ run }) => run === id);
  if (remembered === undefined) {
    throw new MillraceError("RUN_NOT_FOUND", `--resume ${id}: job ${identity.job} has no such run in ${state.label}`);
  }
  const { run, scope } = remembered;
  return { row: newRow(identity, wish, clock, { id: run, scope }), resumed: true, isNew: true, replaces: null };
}

function assertResumable({ id, state, slot, params }: RunRow, identity: Identity): void {
  if (state === "succeeded") {
    throw new MillraceError("RUN_NOT_FOUND", `--resume ${id}: that run has succeeded; a new run needs no --resume`);
  }
  // Its lease is that of its identity, and the job may have been filled in with its slot and parameters.
  if (slot === identity.slot && params === canonicalParams(identity.params)) return;
  const pairs = JSON.parse(params) as readonly (readonly [name: string, value: string])[];
  const given = [...(slot === null ? [] : [`--slot ${slot}`]), ...pairs.map(([name]) => `--param ${name}=...`)];
  const told = given.length === 0 ? "without --slot and --param" : `with ${given.join(" ")}`;
  throw new MillraceError("USAGE", `--resume ${id}: that run was started ${told}; give the same values`);
}

/** Only the newest run of an identity counts: what lies before a success was given up. */
async function newestUnfinished(state: StateStore, identity: Identity): Promise<RunRow | null> {
  const params = canonicalParams(identity.params);
  const rows = await state.listRuns({ job: identity.job, limit: 1000 });
  const newest = rows.find((row) => row.slot === identity.slot && row.params === params);
  return newest === undefined || newest.state === "succeeded" ? null : newest;
}

/** The sum over all splits. */
export function totalOf(progress: readonly Progress[]): Counts {
  return progress.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
}

/**
 * A run that ended because of its rejects goes on only if they are now allowed.
 *
 * @throws MillraceError REJECT_LIMIT
 */
export function assertAllowedToGoOn(row: RunRow, counts: Counts, limits: RejectLimitOptions | null): void {
  if (row.state !== "rejected" || limits === null) return;
  const passed = passedLimit(limits, counts.read, counts.rejected);
  if (passed === null) return;
  throw new MillraceError(
    "REJECT_LIMIT",
    `run ${row.id} ended because ${passed}. Raise the limit, or go on with --accept-rejects, or begin anew with --restart`,
  );
}

/**
 * A restart must not double rows that an append sink already shows.
 *
 * @param run the unfinished run
 * @param written records of it that the sink holds
 * @throws MillraceError RESTART_REFUSED
 */
export function assertRestartable(run: string, sink: string, written: number, keepWritten: boolean): void {
  if (written === 0 || keepWritten) return;
  throw new MillraceError(
    "RESTART_REFUSED",
    `--restart: ${sink} already holds ${written} records of the unfinished run ${run}, and a new run would write them ` +
      "again. Run without --restart to go on, or take them out and use --restart --keep-written",
  );
}
