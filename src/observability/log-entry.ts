/** What a log line says, before anyone decides how it is spelled. */

/** How much a line matters, in rising order. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Every {@link LogLevel}, the least important first. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

/** One line of the log. */
export interface LogEntry {
  readonly level: LogLevel;
  /** Wall-clock milliseconds. */
  readonly at: number;
  /** null: it is about no job in particular. */
  readonly job: string | null;
  /** null: it is about no run in particular. */
  readonly run: string | null;
  readonly message: string;
  readonly fields: { readonly [name: string]: unknown };
  /** It has a pace of its own, so however often it comes it is written. */
  readonly unlimited?: true;
}

/** Writes entries somewhere, at once. */
export type LogWriter = (entry: LogEntry) => void;
