/** What a daemon writes to stderr: what its runs tell, and what happens around them. */
import type { LogConfig } from "../config/runtime.ts";
import { systemClock } from "../core/clock.ts";
import type { RuntimeObserver } from "../core/ports/runtime-events.ts";
import { jsonLog } from "../observability/json-log.ts";
import type { LogLevel } from "../observability/log-entry.ts";
import { logger } from "../observability/logger.ts";
import { prettyLog } from "../observability/pretty-log.ts";
import { type CliProcess, wantsColor } from "./terminal.ts";

/** The log of a daemon. */
export interface DaemonLog {
  /** Subscribes to a runtime. */
  readonly observe: RuntimeObserver;
  /** Says something that belongs to no job. */
  readonly say: (level: LogLevel, message: string, fields: { readonly [name: string]: unknown }) => void;
}

/** How often the progress of a run gets a line, milliseconds. */
const PROGRESS_MS = 10_000;

/** Opens it; lines are written at once, so that the last of them say why a process has died. */
export async function daemonLog(
  { level, format, records }: LogConfig,
  { stderr, env }: Pick<CliProcess, "stderr" | "env">,
): Promise<DaemonLog> {
  const pretty = format === "auto" ? stderr.isTTY === true : format === "pretty";
  const color = wantsColor(stderr, env);
  const write = pretty ? prettyLog(stderr, level, color) : await jsonLog(stderr, level);
  return {
    observe: await logger({ stream: stderr, pretty, color, level, records, progress: { everyMs: PROGRESS_MS } }),
    say: (at, message, fields) => write({ level: at, at: systemClock.now(), job: null, run: null, message, fields }),
  };
}
