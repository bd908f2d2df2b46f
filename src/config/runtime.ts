/** A runtime file as the daemon takes it: every default filled in, every unit resolved, frozen. */
import path from "node:path";
import { Secret } from "../core/secret.ts";
import { parseStateUrl, type StateSpec } from "../state/options.ts";
import type { ParsedRuntime } from "./runtime-shape.ts";

/** Where the HTTP server listens. */
export interface AdminConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** null: none is asked for. */
  readonly token: Secret | null;
}

/** What is logged, and how. */
export interface LogConfig {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "auto" | "json" | "pretty";
  /** Whether the contents of rejected records may be logged. */
  readonly records: boolean;
}

/** The settings that all jobs of a daemon share. */
export interface RuntimeConfig {
  /** Paths and globs of job files, as written. */
  readonly jobs: readonly string[];
  /** A path in it is absolute. */
  readonly state: StateSpec;
  readonly memory: { readonly budgetBytes: number | "auto" };
  readonly threads: number | "auto";
  readonly admin: AdminConfig;
  readonly log: LogConfig;
  readonly reload: { readonly watch: boolean };
  readonly cluster: { readonly type: "none" };
  readonly shutdown: { readonly deadlineMs: number };
}

/**
 * The settings that a parsed file describes.
 *
 * @param baseDir folder that relative paths start from
 */
export function toRuntime(parsed: ParsedRuntime, baseDir: string): RuntimeConfig {
  const { admin, log, reload, shutdown } = parsed;
  return Object.freeze({
    jobs: Object.freeze(parsed.jobs),
    state: Object.freeze(toState(parsed.state, baseDir)),
    memory: Object.freeze({ budgetBytes: parsed.memory.budget }),
    threads: parsed.threads,
    admin: Object.freeze({ ...admin, token: toToken(admin.token) }),
    log: Object.freeze(log),
    reload: Object.freeze(reload),
    cluster: Object.freeze({ type: "none" as const }),
    shutdown: Object.freeze({ deadlineMs: shutdown.deadline }),
  });
}

function toState(state: ParsedRuntime["state"], baseDir: string): StateSpec {
  switch (state.type) {
    case "memory":
      return state;
    case "sqlite":
      return { type: "sqlite", path: path.resolve(baseDir, state.path) };
    case "postgres":
      // The url may name the schema too, as it does for --state.
      return { ...parseStateUrl(state.url, baseDir), ...(state.schema === undefined ? {} : { schema: state.schema }) };
  }
}

/** `"${MILLRACE_TOKEN:-}"` leaves an empty text where there is none. */
function toToken(token: string | undefined): Secret | null {
  return token === undefined || token === "" ? null : new Secret(token);
}
