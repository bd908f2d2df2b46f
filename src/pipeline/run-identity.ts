/** Which run a start means: the newest unfinished one of the same identity, or a new one. SEMANTICS "Scope". */
import { passedLimit, type RejectLimitOptions } from "../actors/reject-limits.ts";
import type { Clock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import { addCounts, type Counts, NO_COUNTS } from "../core/ledger.ts";
import type { Progress } from "../core/ports/sink.ts";
import type { RunRow, StateStore } from "../core/ports/state-store.ts";
import type { RunSummary } from "../core/summary.ts";
import { newRunId, type Random } from "../core/random.ts";
import { type LostRun, lostRunError } from "./lost-runs.ts";

/** What makes two starts mean the same run. */
export interface Identity {
  readonly job: string;
  readonly slot: string | null;
  readonly params: { readonly [name: string]: string };
  /** '' for an incremental or live job: all its runs go on in one scope, whatever their slot and parameters. */
  readonly scope?: "";
  /** Of a live job: the id of this start, which is a run of its own beside those of other processes. */
  readonly own?: string;
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
  /** Only so many source records: a run of its own that resumes nothing and that nothing resumes. */
  readonly limit?: number;
  readonly trigger: string;
  /** The run itself, where the caller has chosen it. */
  readonly run?: StartedRun;
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

/** What a limited run is kept with; no parameter of a job can be called so. */
const LIMIT_PARAM = "--limit";

/** What a replay of rejects is kept with, likewise. */
export const REPLAY_PARAM = "--replay";

/** One text for one identity: the key of its lease. */
export function identityKey({ slot, params, scope, own }: Identity): string {
  return own ?? scope ?? `${slot ?? ""}|${canonicalParams(params)}`;
}

/** The {@link identityKey} of a run that is kept. */
export function identityKeyOf({ slot, params, scope }: RunRow): string {
  return scope === "" ? scope : `${slot ?? ""}|${params}`;
}

/** What the job was filled in with when a run was started. */
export function valuesOf({ slot, params }: RunRow): Pick<Identity, "slot" | "params"> {
  const own = pairsOf(params).filter(([name]) => name !== LIMIT_PARAM && name !== REPLAY_PARAM);
  return { slot, params: Object.fromEntries(own) };
}

/** Whether a run was of a kind that no later start goes on with: a limited one, or a replay of rejects. */
export function standsApart({ params }: RunRow): boolean {
  return pairsOf(params).some(([name]) => name === LIMIT_PARAM || name === REPLAY_PARAM);
}

function pairsOf(params: string): readonly (readonly [name: string, value: string])[] {
  return JSON.parse(params) as readonly (readonly [name: string, value: string])[];
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
 * @throws MillraceError RESTART_REFUSED for an incremental or live job
 * @throws MillraceError STATE_LOST when a sink holds an unfinished run that the state store does not know, or `resume`
 *   names one that read another source
 */
export async function chooseRun(
  known: KnownRuns,
  identity: Identity,
  wish: StartWish,
  time: { readonly clock: Clock; readonly random: Random },
): Promise<StartedRun> {
  if (wish.run !== undefined) return wish.run;
  if (identity.own !== undefined) return ownRun(identity, identity.own, wish, time.clock);
  if (wish.resume !== null) return resumeNamed(known, identity, wish, time, wish.resume);
  if (wish.limit !== undefined) return limitedRun(identity, wish, time, wish.limit);
  if (wish.restart && identity.scope === "") throw nothingToRestart();
  const unfinished = await newestUnfinished(known.state, identity);
  const [lost] = known.lost;
  if (lost !== undefined && !wish.restart) throw lostRunError(identity.job, known.state, lost);
  if (unfinished !== null && !wish.restart) return { row: unfinished, resumed: true, isNew: false, replaces: null };
  const id = newRunId(time.clock.now(), time.random);
  return {
    row: newRow(identity, wish, time.clock, { id, scope: identity.scope ?? id }),
    resumed: false,
    isNew: true,
    replaces: unfinished,
  };
}

/** A process that consumes beside others: what it goes on with are the positions, and not somebody's run. */
function ownRun(identity: Identity, id: string, wish: StartWish, clock: Clock): StartedRun {
  const flag = wish.resume !== null ? "--resume" : wish.restart ? "--restart" : null;
  if (flag === null)
    return { row: newRow(identity, wish, clock, { id, scope: "" }), resumed: false, isNew: true, replaces: null };
  throw new MillraceError(
    "RESTART_REFUSED",
    `${flag}: ${identity.job} reads a live source and goes on at the committed positions by itself; leave ${flag} out, or set ` +
      "other positions with `millrace state rewind` while no process reads it",
  );
}

/** Its parameters tell it apart from every full run of the job, which so neither resumes it nor takes it for a success. */
function limitedRun(
  identity: Identity,
  wish: StartWish,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  limit: number,
): StartedRun {
  const id = newRunId(clock.now(), random);
  const params = { ...identity.params, [LIMIT_PARAM]: String(limit) };
  const row = newRow({ ...identity, params }, wish, clock, { id, scope: id });
  return { row, resumed: false, isNew: true, replaces: null };
}

/** A run as it begins. */
export function newRow(
  identity: Identity,
  { trigger }: Pick<StartWish, "trigger">,
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
  if (remembered.isForeign) throw lostRunError(identity.job, state, remembered);
  const { run, scope } = remembered;
  return { row: newRow(identity, wish, clock, { id: run, scope }), resumed: true, isNew: true, replaces: null };
}

function assertResumable({ id, state, slot, params }: RunRow, identity: Identity): void {
  if (state === "succeeded") {
    throw new MillraceError("RUN_NOT_FOUND", `--resume ${id}: that run has succeeded; a new run needs no --resume`);
  }
  // Its lease is that of its identity, and the job may have been filled in with its slot and parameters.
  if (slot === identity.slot && params === canonicalParams(identity.params)) return;
  const pairs = pairsOf(params);
  const limit = pairs.find(([name]) => name === LIMIT_PARAM)?.[1];
  if (pairs.some(([name]) => name === REPLAY_PARAM)) {
    throw new MillraceError(
      "USAGE",
      `--resume ${id}: that run is a replay of rejects; \`millrace rejects replay\` goes on with it`,
    );
  }
  if (limit !== undefined) {
    throw new MillraceError(
      "USAGE",
      `--resume ${id}: that run was for its first ${limit} records only; nothing resumes it`,
    );
  }
  const given = [...(slot === null ? [] : [`--slot ${slot}`]), ...pairs.map(([name]) => `--param ${name}=...`)];
  const told = given.length === 0 ? "without --slot and --param" : `with ${given.join(" ")}`;
  throw new MillraceError("USAGE", `--resume ${id}: that run was started ${told}; give the same values`);
}

/** What came of the run of this slot and these parameters that has succeeded; null: none has. */
export async function summaryOfSuccess(state: StateStore, { job, slot, params }: Identity): Promise<RunSummary | null> {
  const wanted = { job, slot, params: canonicalParams(params), states: ["succeeded"] as const };
  const [row] = await state.listRuns({ ...wanted, limit: 1 });
  return row?.summary == null ? null : (JSON.parse(row.summary) as RunSummary);
}

/** Only the newest run of an identity counts: what lies before a success was given up. */
async function newestUnfinished(state: StateStore, identity: Identity): Promise<RunRow | null> {
  const { job, slot, params, scope } = identity;
  const same = scope === "" ? { shared: true } : { shared: false, slot, params: canonicalParams(params) };
  const [newest] = await state.listRuns({ job, ...same, limit: 1 });
  return newest === undefined || newest.state === "succeeded" ? null : newest;
}

function nothingToRestart(): MillraceError {
  return new MillraceError(
    "RESTART_REFUSED",
    "--restart: an incremental job always goes on where its last run ended, also after one that failed; run it without " +
      "--restart, or once with incremental: false to read everything again",
  );
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
