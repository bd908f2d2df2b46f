/** `millrace rejects export`: all of them, in a file or on stdout. */
import { EXIT } from "../../exit-codes.ts";
import { exportRejects } from "../../rejects/export.ts";
import { openRejects } from "../../rejects/open.ts";
import { type RejectFlags, wishOf } from "../../rejects/reject-flags.ts";
import type { CliProcess } from "../../terminal.ts";

/** The command's options, as the command line gives them. */
export interface ExportFlags extends RejectFlags {
  readonly to?: string;
  readonly format?: string;
}

/** @throws MillraceError as `openRejects` and `exportRejects` do */
export async function exportCommand(file: string, flags: ExportFlags, process: CliProcess): Promise<number> {
  const format = flags.format === "raw" ? "raw" : "jsonl";
  await using rejects = await openRejects(file, flags, process);
  const { count } = await exportRejects(rejects, wishOf(flags), { format, to: flags.to, out: process.stdout });
  if (flags.to !== undefined) process.stderr.write(`${count} rejects of ${rejects.plan.job.name} -> ${flags.to}\n`);
  return EXIT.done;
}
