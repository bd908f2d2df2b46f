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
  const { copy } = options;
  if (copy === "binary") throw notBuilt(sink, "copy: binary", "built now: auto, text");
}

function notBuilt(sink: string, what: string, hint: string): MillraceError {
  return new MillraceError("NOT_BUILT", `${sink}.${what}: not built in this release; ${hint}`);
}
