/** Where a job's sinks write. Files that are in each other's way are told by the plan, which knows their folders. */
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";

/** The paths of a job's sinks. */
export function sinkPaths(config: unknown): ValuePath[] {
  const sinks = valueAt(config, ["sinks"]);
  const names = typeof sinks === "object" && sinks !== null ? Object.keys(sinks) : [];
  return [["sink"], ...names.map((name) => ["sinks", name])];
}

/** Two sinks into one table: each would bring every row. */
export function sameTableFindings(config: unknown): Finding[] {
  const tables = sinkPaths(config).flatMap((at) => tableOf(at, config) ?? []);
  return tables.flatMap(({ at, table }, index) => {
    const first = tables.findIndex((other) => other.table === table);
    const other = tables[first];
    if (first === index || other === undefined) return [];
    const message = `${other.at.join(".")} writes into this table too; every sink needs a place of its own`;
    return [{ code: "CONFIG_INVALID", path: [...at, "table"], at: "value", message }];
  });
}

function tableOf(at: ValuePath, config: unknown): { at: ValuePath; table: string } | undefined {
  const [type, url, table] = ["type", "url", "table"].map((key) => valueAt(config, [...at, key]));
  return type === "postgres" && typeof table === "string" ? { at, table: `${String(url)} ${table}` } : undefined;
}
