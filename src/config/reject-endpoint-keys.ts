/** Keys of an HTTP sink that mean nothing where it is the place of rejects: what is sent there is the reject itself. */
import { valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

const WHY: { readonly [key: string]: string } = {
  batch: "each reject is a request of its own, with the key that tells it from all others",
  response: "each reject is a request of its own, whose status says what became of it",
  orderBy: "rejects are sent together when their unit is committed",
  adaptive: "rejects are sent together when their unit is committed",
  breaker: "a place of rejects that is away holds up its job, by retry",
};

/** Those that stand in `rejects`. */
export function rejectEndpointFindings(config: unknown): Finding[] {
  if (valueAt(config, ["rejects", "type"]) !== "http") return [];
  const needless = Object.entries(WHY).filter(([key]) => valueAt(config, ["rejects", key]) !== undefined);
  return [...needless.map(([key, why]) => finding([key], `${why}; leave it out`)), ...fieldFindings(config)];
}

/** A reject has no fields: it may be of a record that could not be read. */
function fieldFindings(config: unknown): Finding[] {
  const url = valueAt(config, ["rejects", "url"]);
  const headers = Object.keys(valueAt(config, ["rejects", "headers"]) ?? {}).map((name) => ["headers", name]);
  const ofFields = [["method"], ...headers].filter((path) => {
    return valueAt(config, ["rejects", ...path, "field"]) !== undefined;
  });
  const ofUrl = typeof url === "string" && /\{[^{}]+\}/.test(url.replaceAll(/\$\{[^}]*\}/g, "")) ? [["url"]] : [];
  return [...ofUrl, ...ofFields].map((path) => finding(path, "a reject has no fields; write what stands there"));
}

function finding(path: readonly string[], message: string): Finding {
  return { code: "CONFIG_INVALID", path: ["rejects", ...path], at: "key", message };
}
