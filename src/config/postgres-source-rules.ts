/** Rules between the keys of a Postgres source. */
import { type ValuePath, valueAt } from "./place.ts";
import type { Finding } from "./problem.ts";

/** What they have against `source: {type: postgres}`; nothing against others. */
export function postgresSourceFindings(config: unknown): Finding[] {
  const at = (...path: ValuePath): unknown => valueAt(config, ["source", ...path]);
  if (at("type") !== "postgres") return [];
  const has = (key: string): boolean => at(key) !== undefined;
  const splits = at("splits");
  const isDivided = typeof splits === "number" && splits > 1;
  const refused: readonly (readonly [applies: boolean, key: string, message: string])[] = [
    [has("table") && has("query"), "query", "stands beside table; give one of the two"],
    [!has("table") && !has("query"), "table", "missing; give table or query"],
    [has("query") && has("schema"), "schema", "is that of a table; name it in the query"],
    ...incrementalRules(at("incremental") === true, has),
    [isDivided && has("query"), "splits", "a query is read as a whole; leave it out, or give a table"],
    [isDivided && at("incremental") === true, "splits", "what is new is read in one piece; leave it out"],
  ];
  return refused.flatMap(([applies, key, message]) => (applies ? [invalid(["source", key], message)] : []));
}

function incrementalRules(
  isIncremental: boolean,
  has: (key: string) => boolean,
): (readonly [applies: boolean, key: string, message: string])[] {
  const only = "only incremental reads go by it; set incremental: true, or leave it out";
  return [
    [isIncremental && !has("cursor"), "cursor", "missing; incremental continues from a column that grows"],
    [!isIncremental && has("cursor"), "cursor", only],
    [!isIncremental && has("lag"), "lag", only],
  ];
}

function invalid(path: ValuePath, message: string): Finding {
  return { code: "CONFIG_INVALID", path, at: "key", message };
}
