/** Which state store a job or daemon uses, and how a URL names one. */
import path from "node:path";
import { MillraceError } from "../core/errors.ts";

/** Which state store; `path` is absolute or relative to the working directory. */
export type StateSpec =
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "memory" }
  | {
      readonly type: "postgres";
      readonly url: string;
      /** The schema of its tables; `millrace_state` by default. */
      readonly schema?: string;
    };

/**
 * Reads `--state` and `MILLRACE_STATE`: `sqlite:path`, a plain path, `memory:` or `postgres://...`, at whose end
 * `?stateSchema=name` may name the schema of the tables.
 *
 * @param baseDir folder that a relative path starts from
 * @throws MillraceError CONFIG_INVALID with what is allowed
 * @example
 * parseStateUrl("sqlite:state.db", "/srv/jobs"); // { type: "sqlite", path: "/srv/jobs/state.db" }
 */
export function parseStateUrl(text: string, baseDir: string): StateSpec {
  if (/^memory:?$/.test(text)) return { type: "memory" };
  if (/^postgres(?:ql)?:\/\//.test(text)) return parsePostgresUrl(text);
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

/** The schema stands in the url, because nothing else comes with one; the driver never sees it. */
function parsePostgresUrl(text: string): StateSpec {
  const [address = "", query = ""] = text.split("?", 2);
  const options = new URLSearchParams(query);
  const schema = options.get("stateSchema");
  if (schema === null || schema === "") return { type: "postgres", url: text };
  options.delete("stateSchema");
  return { type: "postgres", url: options.size === 0 ? address : `${address}?${options.toString()}`, schema };
}

/**
 * A store in Postgres for people: host and database, never the rest of its url.
 *
 * @param schema the schema of its tables where it is not the usual one
 */
export function postgresLabel(url: string, schema?: string): string {
  const { host, pathname } = URL.canParse(url) ? new URL(url) : { host: "", pathname: "" };
  return `postgres ${host}${pathname}${schema === undefined ? "" : `, schema ${schema}`}`.trimEnd();
}
