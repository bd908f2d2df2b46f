/** The slice of the process that commands use, so that tests can stand in for it, and what its terminal can show. */
import { type Paint, painter } from "../observability/palette.ts";
import type { SignalTarget } from "./signals.ts";

/** A place to write text. */
export interface TextStream {
  write(text: string | Uint8Array): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command sees of the process; `process` is one. */
export interface CliProcess extends SignalTarget {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** For questions; absent where none can be asked. */
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  readonly env: { readonly [name: string]: string | undefined };
  /** For a daemon: to be told to read its files again, and of faults that nobody caught. */
  on(event: DaemonEvent, listener: (thrown: unknown) => void): unknown;
  off(event: DaemonEvent, listener: (thrown: unknown) => void): unknown;
}

type DaemonEvent = "SIGINT" | "SIGTERM" | "SIGHUP" | "uncaughtException" | "unhandledRejection";

type Environment = CliProcess["env"];

/** Columns of a stream that does not tell. */
const DEFAULT_COLUMNS = 100;

/** Whether colours belong on a stream: it is a terminal and nobody asked for none (https://no-color.org). */
export function wantsColor(stream: TextStream, env: Environment): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/** Paints for a stream, or not. */
export function painterFor(stream: TextStream, env: Environment): Paint {
  return painter(wantsColor(stream, env));
}

/** Whether a line on a stream can be drawn over again: a terminal, not a dumb one, and not the log of a build. */
export function canRedraw(stream: TextStream, env: Environment): boolean {
  return stream.isTTY === true && env["TERM"] !== "dumb" && !isSet(env["CI"]);
}

/** Whether only ASCII can be relied on: the locale names another encoding than UTF-8, or the terminal is a bare console. */
export function needsAscii(env: Environment): boolean {
  if (env["TERM"] === "dumb" || env["TERM"] === "linux") return true;
  const locale = [env["LC_ALL"], env["LC_CTYPE"], env["LANG"]].find((name) => (name ?? "") !== "");
  return locale !== undefined && !/utf-?8/i.test(locale);
}

/** Columns that text on one of the streams may take; the first that is a terminal tells. */
export function columnsOf(...streams: readonly TextStream[]): number {
  return streams.map(({ columns }) => columns ?? 0).find((columns) => columns > 0) ?? DEFAULT_COLUMNS;
}

/** Columns that a long table may take: what is not a terminal is read by programs, which cut by themselves. */
export function tableWidth(stream: TextStream): number {
  return stream.isTTY === true ? columnsOf(stream) : Number.POSITIVE_INFINITY;
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}
