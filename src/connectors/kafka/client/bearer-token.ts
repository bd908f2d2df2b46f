/** Tokens of OAUTHBEARER logins: from a function of a program, or of a module that a job file names. */
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Clock, systemClock } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import { parseDuration } from "../../../core/quantity.ts";
import { messageOf } from "../../../core/thrown.ts";
import type { TokenFunction } from "../options.ts";

/** Part of its lifetime after which a token is not used for a new login. */
const FRESH_SHARE = 0.8;

/**
 * What a client asks for tokens. One that says how long it lives is used again for that long.
 *
 * @param token the function, or the path of a module that exports it by default
 * @param baseDir folder that the path starts from
 * @throws MillraceError CONFIG_UNREADABLE when the module does not load, CONFIG_INVALID when it exports no function; the
 *   same when a token is none; and whatever the function throws
 */
export async function readTokens(
  token: string | TokenFunction,
  baseDir: string,
  clock: Clock = systemClock,
): Promise<() => Promise<string>> {
  const give = typeof token === "function" ? token : await loadFunction(token, baseDir);
  let kept: { readonly value: Promise<string>; readonly until: () => number } | undefined;
  return () => {
    if (kept === undefined || clock.monotonic() >= kept.until()) {
      let until = Number.POSITIVE_INFINITY;
      const value = (async () => {
        try {
          const { text, lifetimeMs } = toToken(await give());
          until = clock.monotonic() + lifetimeMs * FRESH_SHARE;
          return text;
        } catch (thrown) {
          until = Number.NEGATIVE_INFINITY;
          throw thrown;
        }
      })();
      kept = { value, until: () => until };
    }
    return kept.value;
  };
}

async function loadFunction(file: string, baseDir: string): Promise<TokenFunction> {
  let exported: unknown;
  try {
    ({ default: exported } = (await import(pathToFileURL(path.resolve(baseDir, file)).href)) as { default?: unknown });
  } catch (cause) {
    const message = `sasl.token: ${file} in ${baseDir} does not load: ${messageOf(cause)}`;
    throw new MillraceError("CONFIG_UNREADABLE", message, { cause });
  }
  if (typeof exported === "function") return exported as TokenFunction;
  throw new MillraceError(
    "CONFIG_INVALID",
    `sasl.token: ${file} exports no function by default; write: export default async () => ({ value: "...", lifetime: "1h" })`,
  );
}

/** What was given may be a secret, so the message does not show it. */
function toToken(given: unknown): { readonly text: string; readonly lifetimeMs: number } {
  const { value, lifetime = 0 } = (typeof given === "string" ? { value: given } : (given ?? {})) as {
    readonly value?: unknown;
    readonly lifetime?: string | number;
  };
  if (typeof value === "string" && value !== "") return { text: value, lifetimeMs: parseDuration(lifetime) };
  throw new MillraceError("CONFIG_INVALID", "sasl.token: its function has to give a text, or { value, lifetime }");
}
