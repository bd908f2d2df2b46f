/** Where runs and positions are kept. */
import path from "node:path";
import type { Job } from "../config/job.ts";
import type { CliProcess } from "./terminal.ts";

/** The option that names the place. */
export interface StateFlags {
  readonly state?: string;
}

/** The place that the user names, by an option or for all commands; undefined: none. */
export function namedState({ state }: StateFlags, env: CliProcess["env"]): string | undefined {
  return state ?? env["MILLRACE_STATE"];
}

/** Beside the job file, unless the user names another place; a path starts from the working directory. */
export function stateOf({ file, baseDir }: Job, flags: StateFlags, env: CliProcess["env"]): string {
  const named = namedState(flags, env);
  if (named === undefined || named === "") return path.join(path.dirname(file ?? baseDir), ".millrace", "state.db");
  return /^[a-z]{2,}:/.test(named) ? named : path.resolve(named);
}
