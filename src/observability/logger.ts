/** The log of runs: an observer that writes lines, JSON for programs or plain ones for people. */
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import { jsonLog, type LogStream, type PinoLines, pinoLog } from "./json-log.ts";
import type { LogLevel } from "./log-entry.ts";
import { prettyLog } from "./pretty-log.ts";
import { RuntimeLog, type RuntimeLogOptions } from "./runtime-log.ts";

/** How a log is written. */
export interface LoggerOptions extends RuntimeLogOptions {
  /** Where lines go, each in one synchronous call: `process.stderr`, a file's stream, an open progress bar. */
  readonly stream: LogStream;
  /** Lines for people instead of JSON; default false. */
  readonly pretty?: boolean;
  /** Whether lines for people may be coloured; default false. */
  readonly color?: boolean;
  /** The least level that is written; default info. */
  readonly level?: LogLevel;
}

/**
 * Makes the observer. It may be given to any number of runs, also at the same time, and to a runtime.
 *
 * @example
 * const log = await logger({ stream: process.stderr, progress: { everyMs: 10_000 } });
 * await runJob(job, { observers: [log] });
 */
export async function logger(options: LoggerOptions): Promise<RuntimeObserver> {
  const { stream, pretty = false, color = false, level = "info" } = options;
  const write = pretty ? prettyLog(stream, level, color) : await jsonLog(stream, level);
  return new RuntimeLog(write, options).observe;
}

/**
 * The same into a pino logger that a program has already.
 *
 * @example
 * await createRuntime({ jobs, observers: [logRuntime(pino())] });
 */
export function logRuntime(lines: PinoLines, options: RuntimeLogOptions = {}): RuntimeObserver {
  return new RuntimeLog(pinoLog(lines), options).observe;
}
