/** Which state store a job or daemon uses, and how a URL names one. */
import path from "node:path";
import { MillraceError } from "../core/errors.ts";

/** Which state store; `path` is absolute or relative to the working directory. */
export type StateSpec =
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "memory" }
  | { readonly type: "postgres"; readonly url: string };

/**
 * Reads `--state` and `MILLRACE_STATE`: `sqlite:path`, a plain path, `memory:` or `postgres://...`.
 *
 * @param baseDir folder that a relative path starts from
 * @throws MillraceError CONFIG_INVALID with what is allowed
 * @example
 * parseStateUrl("sqlite:state.db", "/srv/jobs"); // { type: "sqlite", path: "/srv/jobs/state.db" }
 */
export function parseStateUrl(text: string, baseDir: string): StateSpec {
  if (/^memory:?$/.test(text)) return { type: "memory" };
  if (/^postgres(?:ql)?:\/\//.test(text)) return { type: "postgres", url: text };
  const scheme = /^(?<scheme>[a-z][a-z0-9+.-]+):/i.exec(text)?.groups?.["scheme"];
  const file = scheme === "sqlite" ? text.slice("sqlite:".length) : text;
  if (file !== "" && (scheme === undefined || scheme === "sqlite")) {
    return { type: "sqlite", path: path.resolve(baseDir, file) };
  }
  // The text may hold a password, so only its scheme is told.
  const given = scheme === undefined ? "nothing" : `${scheme}:`;
  throw new MillraceError(
    "CONFIG_INVALID",
    `state: expected sqlite:<path>, a path, memory: or postgres://..., got ${given}`,
  );
}
