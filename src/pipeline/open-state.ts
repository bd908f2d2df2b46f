/** Opens the state store that a job's options name. */
import path from "node:path";
import { type OutageOptions, retrying } from "../actors/outage.ts";
import type { Job } from "../config/job.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { openStateStore, parseStateUrl, type StateSpec } from "../state/open.ts";
import type { RunJobOptions } from "./run-options.ts";

/**
 * The store, which `opened` closes unless it is the caller's own.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export async function openState(
  job: Job,
  options: Pick<RunJobOptions, "state" | "dryRun" | "signal" | "stateThreadAfterMs">,
  patience: OutageOptions,
  opened: AsyncDisposableStack,
): Promise<StateStore> {
  const { state, dryRun, signal, stateThreadAfterMs = 0 } = options;
  const { clock } = patience;
  if (dryRun !== undefined) return opened.use(await openStateStore({ type: "memory" }, { clock }));
  // The caller's own store stays open.
  if (typeof state === "object" && !("type" in state)) return state;
  const spec = stateSpec(job, state);
  const opening = (): Promise<StateStore> => openStateStore(spec, { clock, threadAfterMs: stateThreadAfterMs });
  // A server that is away for a moment is waited for; a file that somebody keeps locked is a matter for people.
  if (spec.type !== "postgres") return opened.use(await opening());
  return opened.use(await retrying(opening, patience, signal ?? new AbortController().signal));
}

function stateSpec(job: Job, state: StateSpec | string | undefined): StateSpec {
  if (typeof state === "string") return parseStateUrl(state, job.baseDir);
  if (state?.type === "sqlite") return { ...state, path: path.resolve(job.baseDir, state.path) };
  if (state !== undefined) return state;
  return {
    type: "sqlite",
    path: path.join(path.dirname(job.file ?? path.join(job.baseDir, "job")), ".millrace", "state.db"),
  };
}
