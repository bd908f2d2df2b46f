/** Log lines for people: `02:00:00.012 warn  orders  retrying  stage=sink attempt=2`. */
import type { LogStream } from "./json-log.ts";
import { LOG_LEVELS, type LogEntry, type LogLevel, type LogWriter } from "./log-entry.ts";
import { type Paint, painter, type Tone } from "./palette.ts";

const TONES = { debug: "quiet", info: "accent", warn: "warning", error: "bad" } as const satisfies Record<
  LogLevel,
  Tone
>;

/** A writer of lines for a terminal; times are UTC. */
export function prettyLog(stream: LogStream, level: LogLevel, color: boolean): LogWriter {
  const paint = painter(color);
  const least = LOG_LEVELS.indexOf(level);
  return (entry) => {
    if (LOG_LEVELS.indexOf(entry.level) >= least) stream.write(`${lineOf(entry, paint)}\n`);
  };
}

function lineOf({ level, at, job, message, fields }: LogEntry, paint: Paint): string {
  const time = paint("quiet", new Date(at).toISOString().slice(11, 23));
  const known = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const rest = known.map(([name, value]) => `${paint("quiet", `${name}=`)}${spell(value)}`).join(" ");
  return `${time} ${paint(TONES[level], level.padEnd(5))} ${paint("strong", job ?? "millrace")}  ${message}${rest === "" ? "" : `  ${rest}`}`;
}

/** Words stand as they are; whatever would blur where a value ends is quoted. */
function spell(value: unknown): string {
  if (typeof value === "string") return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}
