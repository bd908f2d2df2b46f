/** Where runs and positions are kept. */
import path from "node:path";
import type { Job } from "../config/job.ts";

/** Beside the job file, unless the user names another place; a path starts from the working directory. */
export function stateOf({ file, baseDir }: Job, named: string | undefined): string {
  if (named === undefined || named === "") return path.join(path.dirname(file ?? baseDir), ".millrace", "state.db");
  return /^[a-z]{2,}:/.test(named) ? named : path.resolve(named);
}
