/** What is known of runs that were: their summaries, and of those that never got to one, what their positions tell. */
import type { Clock } from "../core/clock.ts";
import { addCounts, type Counts, isBalanced, NO_COUNTS } from "../core/ledger.ts";
import type { RunRow, RunState, StateStore } from "../core/ports/state-store.ts";
import type { RunSummary } from "../core/summary.ts";
import { currentLeaseOwner, isOwnerAlive } from "../state/lease-owner.ts";
import { identityKeyOf } from "./run-identity.ts";

/** A run as history tells of it. */
export interface PastRun {
  readonly row: RunRow;
  /** `interrupted` too where the process was killed and could not say so. */
  readonly state: RunState;
  /** Of its last end; null while it runs, and where it was killed. */
  readonly summary: RunSummary | null;
  /** What it has brought into each sink; none where only the totals of several runs are kept (incremental jobs). */
  readonly sinks: { readonly [sink: string]: Counts };
}

/** The newest runs of a job, or of all jobs. @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT */
export async function pastRuns(
  state: StateStore,
  filter: { readonly job?: string; readonly limit: number },
  clock: Clock,
): Promise<readonly PastRun[]> {
  const rows = await state.listRuns(filter);
  return Promise.all(rows.map((row) => pastRun(state, row, clock)));
}

/** One run. */
export async function pastRun(state: StateStore, row: RunRow, clock: Clock): Promise<PastRun> {
  if (row.state !== "running" && row.summary !== null) {
    const summary = JSON.parse(row.summary) as RunSummary;
    return { row, state: row.state, summary, sinks: summary.sinks };
  }
  const killed = row.state === "running" && !(await isUnderWay(state, row, clock));
  const sinks = row.scope === "" ? {} : await countsSoFar(state, row);
  return { row, state: killed ? "interrupted" : row.state, summary: null, sinks };
}

/**
 * The object of `run --json` with when and why it ran; a run that is under way, or was killed, has of the figures only the
 * counts.
 */
export function pastRunToJson({ row, state, summary, sinks }: PastRun): object {
  const { slot, trigger, startedAt, endedAt } = row;
  const when = { slot, trigger, startedAt, endedAt };
  if (summary !== null) return { ...summary, ...when };
  const [least = null] = Object.values(sinks).toSorted((a, b) => a.written - b.written);
  const { bytes: _, ...counts } = least ?? NO_COUNTS;
  const known = least === null ? {} : { ...counts, balanced: Object.values(sinks).every(isBalanced) };
  return { job: row.job, run: row.id, state, ...known, sinks, error: null, ...when };
}

/** Only its lease tells a run that is under way from one whose process is gone. */
export async function isUnderWay(state: StateStore, row: RunRow, clock: Clock): Promise<boolean> {
  const { job, id } = row;
  // That of a live job's run is its own.
  return (
    (await isHeld(state, { job, scope: id }, clock)) || (await isHeld(state, { job, scope: identityKeyOf(row) }, clock))
  );
}

/** Whether a lease holds, and its owner may live. */
export async function isHeld(
  state: StateStore,
  key: { readonly job: string; readonly scope: string },
  clock: Clock,
): Promise<boolean> {
  const lease = await state.findLease(key, clock.now());
  return (
    lease !== undefined && lease.until > clock.now() && isOwnerAlive(lease.owner, currentLeaseOwner("")) !== "dead"
  );
}

async function countsSoFar(state: StateStore, { job, scope }: RunRow): Promise<{ readonly [sink: string]: Counts }> {
  const own = (await state.listPositions(job)).filter((position) => position.scope === scope);
  const bySink = Map.groupBy(own, ({ sink }) => sink);
  const sums = Array.from(
    bySink,
    ([sink, rows]) => [sink, rows.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS)] as const,
  );
  return Object.fromEntries(sums);
}
