/** Jobs as commands that look back name them: by their file, or by their name where the state store alone is asked. */
import { existsSync } from "node:fs";
import path from "node:path";
import type { Job } from "../config/job.ts";
import { loadJob } from "../config/load.ts";
import { systemClock } from "../core/clock.ts";
import { MillraceError } from "../core/errors.ts";
import type { StateStore } from "../core/ports/state-store.ts";
import { openStateStore, parseStateUrl } from "../state/open.ts";
import { openValues, type ValueFlags } from "./run-values.ts";
import { namedState, type StateFlags, stateOf } from "./state-place.ts";
import type { CliProcess } from "./terminal.ts";
import { usageError } from "./usage-error.ts";

/** The options that say which job and which state. */
export interface JobFlags extends StateFlags, Pick<ValueFlags, "param"> {}

/** What was named. */
export interface NamedJob {
  /** null: all jobs. */
  readonly name: string | null;
  /** null where only the name was given. */
  readonly job: Job | null;
  /** Where its state is, as `--state` takes it. */
  readonly state: string;
}

const JOB_FILE = /\.(?:ya?ml|json|[mc]?[jt]s)$/;
/** Where a state store is looked for that nobody has named. */
const USUAL_PLACES = [".millrace/state.db", "config/.millrace/state.db"];

/**
 * The job of a file, or a name; parameters that are not given stay open.
 *
 * @throws MillraceError USAGE when no state store can be found, and whatever is wrong with the file
 */
export async function namedJob(given: string | undefined, flags: JobFlags, { env }: CliProcess): Promise<NamedJob> {
  if (given !== undefined && JOB_FILE.test(given)) {
    const job = await jobOfFile(given, flags, env);
    return { name: job.name, job, state: stateOf(job, flags, env) };
  }
  return { name: given ?? null, job: null, state: namedState(flags, env) ?? usualPlace() };
}

/** @throws MillraceError whatever is wrong with the file */
export async function jobOfFile(file: string, flags: JobFlags, env: CliProcess["env"]): Promise<Job> {
  return loadJob(file, openValues(flags, env));
}

function usualPlace(): string {
  const found = USUAL_PLACES.find((place) => existsSync(place));
  if (found !== undefined) return path.resolve(found);
  throw usageError(
    `no state store in ${USUAL_PLACES.join(" or ")}: name the job's file, beside which its state is, or the store with --state`,
  );
}

/**
 * Opens a state store; one in a file that is not there is not made.
 *
 * @returns undefined where there is no such file
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export async function openIfPresent(state: string): Promise<StateStore | undefined> {
  const spec = parseStateUrl(state, process.cwd());
  if (spec.type === "sqlite" && !existsSync(spec.path)) return undefined;
  // One question or two: a thread of its own would take longer than all of them.
  return openStateStore(spec, { clock: systemClock, threadAfterMs: 60_000 });
}

/** As {@link openIfPresent}. @throws MillraceError STATE_UNAVAILABLE where there is none */
export async function openPresent(state: string): Promise<StateStore> {
  const store = await openIfPresent(state);
  if (store !== undefined) return store;
  throw new MillraceError("STATE_UNAVAILABLE", `no state store at ${state}: nothing has run with it; see --state`, {
    fault: "usage",
  });
}
