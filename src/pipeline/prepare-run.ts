/** Before a chosen run begins: may it go on, may it replace another, and what has to be cleared away for it. */
import type { RejectLimitOptions } from "../actors/reject-limits.ts";
import type { BoundSink, Progress } from "../core/ports/sink.ts";
import type { RunRow } from "../core/ports/state-store.ts";
import type { World } from "./execution.ts";
import type { BoundPlan } from "./resolve.ts";
import { assertAllowedToGoOn, assertRestartable, type StartedRun, type StartWish, totalOf } from "./run-identity.ts";

/**
 * Writes the run down, after the last thing that can refuse it.
 *
 * @throws MillraceError REJECT_LIMIT when a run that ended for its rejects may not go on
 * @throws MillraceError RESTART_REFUSED when a restart would double rows
 */
export async function prepareRun(
  world: World,
  bound: BoundPlan,
  { row, resumed, replaces }: StartedRun,
  wish: StartWish,
  limits: RejectLimitOptions | null,
): Promise<void> {
  const { state } = world;
  for (const [name, sink] of bound.sinks) {
    if (resumed && row.state === "rejected") {
      assertAllowedToGoOn(row, totalOf(await progressOf(world, row, name, sink)), limits);
    }
    if (replaces !== null && sink.appends) {
      const { written } = totalOf(await progressOf(world, replaces, name, sink));
      assertRestartable(replaces, sink.label, written, wish.keepWritten);
    }
  }
  if (replaces !== null) {
    await state.updateRun(replaces.id, { state: "failed", endedAt: new Date(world.clock.now()).toISOString() });
  }
  if (resumed) await state.updateRun(row.id, { state: "running", endedAt: null });
  else await state.createRun(row);
}

/** What a sink holds of a run, without claiming it. */
async function progressOf(world: World, row: RunRow, name: string, sink: BoundSink): Promise<readonly Progress[]> {
  const key = { job: row.job, scope: row.scope, sink: name };
  if (sink.positions === "state") return world.state.progress(key);
  const session = { ...key, run: row.id, signal: new AbortController().signal, resumed: true };
  await using writer = await sink.open(session);
  return (await writer.progress?.()) ?? [];
}
