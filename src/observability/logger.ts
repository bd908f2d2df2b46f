/** The log of runs: an observer that writes lines, JSON for programs or plain ones for people. */
import type { Observer } from "../core/ports/observer.ts";
import { jsonLog, type LogStream } from "./json-log.ts";
import type { LogLevel } from "./log-entry.ts";
import { prettyLog } from "./pretty-log.ts";
import { type ProgressEvery, RunLog } from "./run-log.ts";

/** How a log is written. */
export interface LoggerOptions {
  /** Where lines go, each in one synchronous call: `process.stderr`, a file's stream, an open progress bar. */
  readonly stream: LogStream;
  /** Lines for people instead of JSON; default false. */
  readonly pretty?: boolean;
  /** Whether lines for people may be coloured; default false. */
  readonly color?: boolean;
  /** The least level that is written; default info. */
  readonly level?: LogLevel;
  /** How often progress gets a line; null, the default, never: a progress bar shows it. */
  readonly progress?: ProgressEvery | null;
}

/**
 * Makes the observer. It may be given to any number of runs, also at the same time.
 *
 * @example
 * const log = await logger({ stream: process.stderr, progress: { everyMs: 10_000 } });
 * await runJob(job, { observers: [log] });
 */
export async function logger(options: LoggerOptions): Promise<Observer> {
  const { stream, pretty = false, color = false, level = "info", progress = null } = options;
  const write = pretty ? prettyLog(stream, level, color) : await jsonLog(stream, level);
  const runs = new Map<string, RunLog>();
  return (event) => {
    const key = JSON.stringify([event.job, event.run]);
    const run = runs.get(key) ?? new RunLog(progress);
    runs.set(key, run);
    for (const entry of run.entries(event)) write(entry);
    if (event.kind === "run-ended") runs.delete(key);
  };
}
