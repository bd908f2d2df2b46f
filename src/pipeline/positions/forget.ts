/** Drops what the next start of a job would go on with: positions, what sinks keep beside them, rejects, unfinished runs. */
import type { Job } from "../../config/job.ts";
import { jobForRun } from "../../config/read-job.ts";
import type { Clock } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import { addCounts, type Counts, NO_COUNTS } from "../../core/ledger.ts";
import { OPEN_SLOTS } from "../../core/ports/schedule-store.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import { REPLAY_SCOPE } from "../../core/ports/reject-shelf.ts";
import { identityKeyOf, valuesOf } from "../run-identity.ts";
import { type DeskContext, openDesks } from "./desks.ts";
import { holdLease } from "../hold-lease.ts";
import { keptPositions } from "./kept-positions.ts";
import { runsOf } from "./stored-runs.ts";

/** One scope that can be forgotten. */
export interface ForgettableScope {
  readonly scope: string;
  /** The runs that would go on in it, newest first; none where only a sink's database remembers it. */
  readonly runs: readonly RunRow[];
  /** What each sink has of it. */
  readonly sinks: ReadonlyMap<string, { readonly splits: number; readonly counts: Counts }>;
}

/**
 * What `forgetScopes` would drop: the scope of an incremental job, and that of every run that has not succeeded. A run
 * that only a sink's database remembers may be another deployment's, so it has to be named.
 *
 * @throws MillraceError RUN_NOT_FOUND for a name that is none, or that of a run that has succeeded; SINK_UNAVAILABLE
 */
export async function forgettableScopes(
  job: Job,
  state: StateStore,
  named: string | null,
  context: DeskContext,
): Promise<readonly ForgettableScope[]> {
  const rows = await runsOf(state, job.name);
  const { positions, unread } = await keptPositions(job, state, context);
  const [failed] = unread;
  if (failed !== undefined) throw failed.error;
  const open = rows.filter(({ state: is }) => is !== "succeeded");
  const scopes = new Set([
    ...(positions.some(({ scope }) => scope === "") ? [""] : []),
    ...open.map(({ scope }) => scope),
  ]);
  const wanted =
    named === null ? [...scopes] : [scopeOf(named, { job: job.name, rows, positions, label: state.label })];
  return wanted.map((scope) => ({
    scope,
    runs: open.filter((row) => row.scope === scope),
    sinks: sumsOf(positions.filter((position) => position.scope === scope)),
  }));
}

function scopeOf(
  id: string,
  known: {
    readonly job: string;
    readonly label: string;
    readonly rows: readonly RunRow[];
    readonly positions: readonly { readonly scope: string }[];
  },
): string {
  const row = known.rows.find((run) => run.id === id);
  if (row !== undefined && row.state !== "succeeded") return row.scope;
  const remembered = known.positions.some(({ scope }) => scope === id && !id.startsWith(REPLAY_SCOPE));
  if (row === undefined && remembered) return id;
  const why =
    row === undefined
      ? `neither ${known.label} nor a sink of ${known.job} knows such a run`
      : "that run has succeeded, so nothing goes on with it; `retention` is for its history";
  throw new MillraceError("RUN_NOT_FOUND", `--run ${id}: ${why}`);
}

function sumsOf(
  positions: readonly { readonly sink: string; readonly counts: Counts }[],
): ReadonlyMap<string, { readonly splits: number; readonly counts: Counts }> {
  const bySink = Map.groupBy(positions, ({ sink }) => sink);
  return new Map(
    Array.from(bySink, ([sink, own]) => [
      sink,
      { splits: own.length, counts: own.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS) },
    ]),
  );
}

/**
 * Forgets scopes, each while its lease is held; the sinks' databases first, so that a scope that was forgotten half can
 * be named again.
 *
 * @throws MillraceError LEASE_HELD while a run is under way, SINK_UNAVAILABLE
 */
export async function forgetScopes(
  given: Job,
  state: StateStore,
  scopes: readonly ForgettableScope[],
  clock: Clock,
): Promise<void> {
  for (const { scope, runs } of scopes) {
    const [newest] = runs;
    const job = newest === undefined ? given : jobForRun(given, { ...valuesOf(newest), environment: process.env });
    await using opened = new AsyncDisposableStack();
    if (newest !== undefined || scope === "") {
      const key = newest === undefined ? "" : identityKeyOf(newest);
      opened.use(await holdLease(state, job.name, key, clock));
    }
    for (const [sink, desk] of await openDesks(job, opened, { clock })) {
      await desk.forget({ job: job.name, scope, sink });
    }
    await state.forget({ job: job.name, scope });
    for (const { id } of runs) await state.forgetRun(id);
  }
}

/** Whether planning would go on somewhere: there is a schedule, or a slot about which something is still to be done. */
export async function isPlanned(state: StateStore, job: string): Promise<boolean> {
  const schedule = await state.findSchedule(job);
  if ((schedule?.cursor ?? null) !== null) return true;
  return (await state.listSlots({ job, states: OPEN_SLOTS, limit: 1 })).length > 0;
}
