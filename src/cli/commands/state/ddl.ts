/** `millrace state ddl`: what an owner runs in Postgres, so that jobs need no right to create. */
import { ownerDdl } from "../../../pipeline/owner-ddl.ts";
import { EXIT } from "../../exit-codes.ts";
import { type JobFlags, jobOfFile } from "../../named-job.ts";
import { namedState } from "../../state-place.ts";
import type { CliProcess } from "../../terminal.ts";

/** Prints the statements of each schema, ready for `psql`. @throws MillraceError whatever is wrong with the job */
export async function stateDdlCommand(file: string, flags: JobFlags, process: CliProcess): Promise<number> {
  const job = await jobOfFile(file, flags, process.env);
  const parts = ownerDdl(job, namedState(flags, process.env) ?? null);
  if (parts.length === 0) process.stderr.write(`${job.name} keeps nothing in a Postgres\n`);
  for (const { database, purpose, sql } of parts) {
    process.stdout.write(`-- ${database}: ${purpose}\n${sql}\n\n`);
  }
  return EXIT.done;
}
