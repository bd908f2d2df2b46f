/** What a runtime file's shape cannot say: rules between keys, and what is not built yet. */
import { isLoopback } from "../core/loopback.ts";
import { valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

/** What the rules have against a runtime file. */
export function runtimeFindings(config: unknown): Finding[] {
  return [...tokenFindings(config), ...clusterFindings(config)];
}

/** Without a token nobody could be told from anybody else who reaches the address. */
function tokenFindings(config: unknown): Finding[] {
  const [host, token] = ["host", "token"].map((key) => valueAt(config, ["admin", key]));
  if (typeof host !== "string" || host === "" || isLoopback(host)) return [];
  if (token !== undefined && token !== "") return [];
  const missing = token === undefined ? "missing" : "empty";
  const message = `${missing}; admin.host reaches beyond this machine, where every request has to show a token: set one, or host: 127.0.0.1`;
  return [{ code: "CONFIG_INVALID", path: ["admin", "token"], at: "value", message }];
}

function clusterFindings(config: unknown): Finding[] {
  const path = ["cluster", "type"];
  if (valueAt(config, path) !== "postgres") return [];
  const message =
    "postgres: not built in this release (built now: none; daemons on one Postgres state share slots anyway)";
  return [{ code: "NOT_BUILT", path, at: "value", message }];
}
