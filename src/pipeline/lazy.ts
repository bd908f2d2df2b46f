/** What runs jobs, behind a door that does not load it: a third of the time that the whole of it takes. */
import type { loadJob as LoadJob } from "../config/load.ts";
import type { runJob as RunJob } from "./run-job.ts";

/**
 * The job in a file; its relative paths start from the file's folder.
 *
 * @param args the file (`.yaml`, `.yml`, `.json`, or a module with a job as its default export), and what to fill in
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID, VARIABLE_UNSET, NOT_BUILT
 */
export const loadJob: typeof LoadJob = async (...args) => (await import("../config/load.ts")).loadJob(...args);

/**
 * Runs a job once: goes on with the newest unfinished run of the same slot and parameters, else begins a new one.
 *
 * A run that failed is a summary whose `state` says so, with `error`. Thrown is only what keeps a run from beginning.
 *
 * @param args the job, and how it is to be run
 * @throws MillraceError of fault class `usage` when the job or the options have to be changed; LEASE_HELD when another
 *   process runs it; SINK_UNAVAILABLE and the like when it could not begin
 * @example
 * const result = await runJob(await loadJob("orders.yaml"), { signal: AbortSignal.timeout(60_000) });
 * console.log(result.read, result.balanced);
 */
export const runJob: typeof RunJob = async (...args) => (await import("./run-job.ts")).runJob(...args);
