/** Before a chosen run begins: may it go on, may it replace others, and what has to be written down for it. */
import type { RejectLimitOptions } from "../actors/reject-limits.ts";
import { type Counts, NO_COUNTS } from "../core/ledger.ts";
import type { BoundSink, Progress } from "../core/ports/sink.ts";
import type { RunRow } from "../core/ports/state-store.ts";
import type { RunSummary } from "../core/summary.ts";
import type { World } from "./execution.ts";
import type { LostRun } from "./lost-runs.ts";
import type { BoundPlan } from "./resolve.ts";
import { assertAllowedToGoOn, assertRestartable, type StartedRun, type StartWish, totalOf } from "./run-identity.ts";

/** What {@link prepareRun} looks at. */
export interface Preparation {
  readonly world: World;
  readonly bound: BoundPlan;
  readonly run: StartedRun;
  readonly wish: StartWish;
  readonly limits: RejectLimitOptions | null;
  readonly lost: readonly LostRun[];
}

/**
 * Writes the run down, after the last thing that can refuse it.
 *
 * @throws MillraceError REJECT_LIMIT when a run that ended for its rejects may not go on
 * @throws MillraceError RESTART_REFUSED when a restart would double rows
 */
export async function prepareRun(preparation: Preparation): Promise<void> {
  const { world, run, wish } = preparation;
  const { row } = run;
  if (row.state === "rejected") await assertRejectsAllowed(preparation);
  if (wish.restart) await giveUpOthers(preparation);
  if (run.isNew) await world.state.createRun(row);
  else await world.state.updateRun(row.id, { state: "running", endedAt: null });
}

async function assertRejectsAllowed({ world, bound, run: { row }, limits }: Preparation): Promise<void> {
  for (const [name, sink] of bound.sinks) {
    const counts = row.scope === "" ? lastCounts(row, name) : totalOf(await progressOf(world, row, name, sink));
    assertAllowedToGoOn(row, counts, limits);
  }
}

/** What an incremental job's run had come to when it ended; its scope holds what all runs did. */
function lastCounts({ summary }: RunRow, sink: string): Counts {
  const { sinks = {} } = JSON.parse(summary ?? "{}") as Partial<RunSummary>;
  return sinks[sink] ?? NO_COUNTS;
}

/** Asks every sink before it tells any: a refused restart has changed nothing. */
async function giveUpOthers({ world, bound, run: { replaces }, wish, lost }: Preparation): Promise<void> {
  for (const { run, sink, written } of lost) assertRestartable(run, sink.label, written, wish.keepWritten);
  for (const [name, sink] of replaces === null ? [] : bound.sinks) {
    if (!sink.appends || replaces === null) continue;
    const { written } = totalOf(await progressOf(world, replaces, name, sink));
    assertRestartable(replaces.id, sink.label, written, wish.keepWritten);
  }
  for (const { run, sink } of lost) await sink.abandon?.(bound.plan.job.name, run);
  if (replaces === null) return;
  for (const sink of bound.sinks.values()) await sink.abandon?.(replaces.job, replaces.id);
  await world.state.updateRun(replaces.id, { state: "failed", endedAt: new Date(world.clock.now()).toISOString() });
}

/** What a sink holds of a run, without claiming it. */
export async function progressOf(
  world: World,
  row: RunRow,
  name: string,
  sink: BoundSink,
): Promise<readonly Progress[]> {
  const key = { job: row.job, scope: row.scope, sink: name };
  if (sink.positions === "state") return world.state.progress(key);
  await using writer = await sink.open({ ...key, run: row.id, signal: new AbortController().signal, resumed: true });
  return (await writer.progress?.()) ?? [];
}
