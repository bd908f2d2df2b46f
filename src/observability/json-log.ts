/** Log lines for programs: JSON by pino. */
import type { LogEntry, LogLevel, LogWriter } from "./log-entry.ts";

/** Anything that takes text at once; `process.stderr` and an open progress bar are such. */
export interface LogStream {
  write(text: string): unknown;
}

/** A writer of JSON lines; loads pino. */
export async function jsonLog(stream: LogStream, level: LogLevel): Promise<LogWriter> {
  const { pino } = await import("pino");
  // no base (pid, hostname) and no time of pino's own: an entry has the time of what it tells
  const options = { level, base: null, timestamp: false, formatters: { level: (label: string) => ({ level: label }) } };
  const lines = pino(options, { write: (line: string) => void stream.write(line) });
  return (entry) => lines[entry.level](lineOf(entry));
}

/** What entries need of a pino logger. */
export type PinoLines = Readonly<Record<LogLevel, (fields: object, message: string) => void>>;

/** A writer into somebody's own pino logger, which adds its own time and whatever else it is told to. */
export function pinoLog(lines: PinoLines): LogWriter {
  return ({ level, job, run, message, fields }) => lines[level]({ ...placeOf(job, run), ...fields }, message);
}

/** The message stands where people look for it, before the fields. */
function lineOf({ at, job, run, message, fields }: LogEntry): object {
  return { time: new Date(at).toISOString(), ...placeOf(job, run), msg: message, ...fields };
}

function placeOf(job: string | null, run: string | null): object {
  return { ...(job === null ? {} : { job }), ...(run === null ? {} : { run }) };
}
