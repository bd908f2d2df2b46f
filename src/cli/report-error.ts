/** Puts an error on the terminal: where, what, and what to do; never a stack unless it is asked for. */
import { isMillraceError } from "../core/errors.ts";
import { messageOf } from "../core/thrown.ts";
import { redact } from "../core/redact.ts";
import type { CliProcess } from "./terminal.ts";

/** Writes an error to stderr; the stack and the causes too when MILLRACE_DEBUG is set. */
export function reportError(thrown: unknown, { stderr, env }: Pick<CliProcess, "stderr" | "env">): void {
  stderr.write(`${errorText(thrown)}\n`);
  if (env["MILLRACE_DEBUG"] !== undefined && thrown instanceof Error) stderr.write(`${redact(stackOf(thrown))}\n`);
}

/**
 * What to tell of an error. Problems of a config speak for themselves, each with its place and already without secrets;
 * everything else gets its code.
 */
export function errorText(thrown: unknown): string {
  if (!isMillraceError(thrown)) {
    return `error: ${redact(messageOf(thrown))} (a fault of millrace itself; MILLRACE_DEBUG=1 shows where)`;
  }
  if ("problems" in thrown.details) return thrown.message;
  const code = SELF_EVIDENT.has(thrown.code) ? "" : ` (${thrown.code})`;
  return `error: ${redact(thrown.message)}${code}`;
}

/** Codes that would only repeat the message. */
const SELF_EVIDENT: ReadonlySet<string> = new Set(["USAGE", "NOT_BUILT", "CONFIG_INVALID", "CONFIG_UNREADABLE"]);

function stackOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
