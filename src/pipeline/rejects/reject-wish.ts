/** Which rejects somebody means: those of the newest run where nothing else is said. */
import { REPLAY_SCOPE, type RejectFilter } from "../../core/ports/reject-shelf.ts";
import type { RunRow, StateStore } from "../../core/ports/state-store.ts";
import type { RejectStage } from "../../core/reject.ts";

/** What is asked for. */
export interface RejectWish {
  /** A run's id, or `all`. */
  readonly run?: string;
  readonly stage?: RejectStage;
  readonly code?: string;
}

/** What is meant by it. */
export interface MeantRejects {
  readonly filter: RejectFilter;
  /** The run that was chosen because none was named; null: one was, or there is none. */
  readonly newest: RunRow | null;
}

/** How far back the newest run is looked for behind replays of its rejects. */
const RUNS_LOOKED_AT = 1_000;

/**
 * The filter for a wish. All runs of an incremental job share a scope, and so their rejects are listed together: each is
 * of a record that no later run reads again.
 */
export async function meantBy(state: StateStore, job: string, { run, stage, code }: RejectWish): Promise<MeantRejects> {
  const rest = { job, ...(stage === undefined ? {} : { stage }), ...(code === undefined ? {} : { code }) };
  if (run === "all") return { filter: { ...rest, exceptReplays: true }, newest: null };
  if (run !== undefined) return { filter: { ...rest, run }, newest: null };
  const newest = await newestRun(state, job);
  if (newest === null) return { filter: { ...rest, exceptReplays: true }, newest };
  return { filter: { ...rest, scope: newest.scope }, newest };
}

/** The newest run that reads the source. */
export async function newestRun(state: StateStore, job: string): Promise<RunRow | null> {
  const rows = await state.listRuns({ job, limit: RUNS_LOOKED_AT });
  return rows.find(({ scope }) => !scope.startsWith(REPLAY_SCOPE)) ?? null;
}
