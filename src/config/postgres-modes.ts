/** Keys of a Postgres sink that mean nothing in its mode, and a mode that its source never lets come to an end. */
import { valueAt, type ValuePath } from "./place.ts";
import type { Finding } from "./problem.ts";
import { sinkPaths } from "./sink-places.ts";

/** The modes in which a key has a meaning. */
const MODES_OF: { readonly [key: string]: readonly string[] } = {
  key: ["upsert", "insertIgnore"],
  deleteWhen: ["upsert"],
  onlyNewer: ["upsert"],
  copy: ["append", "upsert", "insertIgnore", "replace"],
};

/** What the modes have against a config. */
export function postgresModeFindings(config: unknown): Finding[] {
  const sinks = sinkPaths(config).filter((at) => valueAt(config, [...at, "type"]) === "postgres");
  return sinks.flatMap((at) => [...keyFindings(at, config), ...replaceFindings(at, config)]);
}

function keyFindings(at: ValuePath, config: unknown): Finding[] {
  const mode = valueAt(config, [...at, "mode"]) ?? "append";
  if (typeof mode !== "string") return [];
  return Object.entries(MODES_OF).flatMap(([key, modes]): Finding[] => {
    const path = [...at, key];
    if (valueAt(config, path) === undefined || modes.includes(mode)) return [];
    // It becomes the primary key of a table that the run makes.
    if (key === "key" && valueAt(config, [...at, "createTable"]) === true) return [];
    const message = `belongs to mode ${modes.join(" or ")}, and the mode is ${mode}; set the mode, or leave it out`;
    return [{ code: "CONFIG_INVALID", path, at: "key", message }];
  });
}

/** What is loaded is shown when the run succeeds, once. */
function replaceFindings(at: ValuePath, config: unknown): Finding[] {
  const path = [...at, "mode"];
  const type = valueAt(config, ["source", "type"]);
  const endless = type === "kafka" || type === "webhook" || valueAt(config, ["trigger", "type"]) === "continuous";
  if (valueAt(config, path) !== "replace" || !endless) return [];
  const message = "replace: shows what a run has read when it ends, and this job goes on and on; take upsert or append";
  return [{ code: "CONFIG_INVALID", path, at: "value", message }];
}
