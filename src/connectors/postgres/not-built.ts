/** Options that a later release builds: known to the config, refused when a job starts. */
import { MillraceError } from "../../core/errors.ts";
import type { PostgresSinkOptions } from "./options.ts";

/**
 * Refuses what this release does not build yet, rather than pass over it in silence.
 *
 * @param sink the sink's name in the job
 * @throws MillraceError NOT_BUILT naming the key
 */
export function assertBuilt(options: PostgresSinkOptions, sink: string): void {
  const { mode, copy, onUnknownField, createTable } = options;
  if (mode !== "append") throw notBuilt(sink, `mode: ${mode}`, "built now: append");
  if (copy === "binary") throw notBuilt(sink, "copy: binary", "built now: auto, text");
  if (onUnknownField === "addColumn") throw notBuilt(sink, "onUnknownField: addColumn", "built now: error, ignore");
  if (createTable) throw notBuilt(sink, "createTable: true", "create the table first");
  for (const key of ["key", "deleteWhen", "onlyNewer", "before", "after"] as const) {
    if (options[key] !== undefined) throw notBuilt(sink, key, "leave it out");
  }
}

function notBuilt(sink: string, what: string, hint: string): MillraceError {
  return new MillraceError("NOT_BUILT", `${sink}.${what}: not built in this release; ${hint}`);
}
