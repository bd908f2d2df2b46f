/** The rejects of the job that a command names, and how they are shown. */
import { loadJob } from "../../config/load.ts";
import { placeError } from "../../config/place-error.ts";
import { JobRejects } from "../../pipeline/rejects/job-rejects.ts";
import { givenValues } from "../run-values.ts";
import { stateOf } from "../state-place.ts";
import { type CliProcess, columnsOf, painterFor } from "../terminal.ts";
import type { RejectFlags } from "./reject-flags.ts";
import type { RejectView } from "./render.ts";

/** @throws MillraceError whatever is wrong with the job, and where its rejects cannot be reached */
export async function openRejects(file: string, flags: RejectFlags, { env }: CliProcess): Promise<JobRejects> {
  const job = await loadJob(file, givenValues(flags, env));
  try {
    return await JobRejects.open(job, { state: stateOf(job, flags, env) });
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

/** @param file the job as the command line names it */
export function viewOf(file: string, { plan, label }: JobRejects, { stdout, env }: CliProcess): RejectView {
  return { job: plan.job.name, file, place: label, width: columnsOf(stdout), paint: painterFor(stdout, env) };
}
