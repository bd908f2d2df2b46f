/** `millrace rejects show`: one of them whole. */
import { namedRejectToJson } from "../../../pipeline/rejects/job-rejects.ts";
import { EXIT } from "../../exit-codes.ts";
import { openRejects, viewOf } from "../../rejects/open.ts";
import { type RejectFlags, wishOf } from "../../rejects/reject-flags.ts";
import { renderReject } from "../../rejects/render.ts";
import type { CliProcess } from "../../terminal.ts";
import { usageError } from "../../usage-error.ts";

/** The command's options, as the command line gives them. */
export interface ShowFlags extends RejectFlags {
  readonly json?: boolean;
}

/**
 * Shows the one that a word names.
 *
 * @param word its id, or its ordinal
 * @throws MillraceError USAGE when none or several are meant, and as `openRejects` does
 */
export async function showCommand(file: string, word: string, flags: ShowFlags, process: CliProcess): Promise<number> {
  await using rejects = await openRejects(file, flags, process);
  const [found, ...others] = await rejects.find(word, wishOf(flags));
  if (found === undefined) {
    throw usageError(`${rejects.plan.job.name} has no reject ${word}; millrace rejects list ${file} lists them`);
  }
  if (others.length > 0) {
    const refs = [found, ...others].slice(0, 5).map(({ ref, split }) => `${ref} (${split})`);
    throw usageError(`${word} is the ordinal of several rejects: name one by its id: ${refs.join(", ")}`);
  }
  const text =
    flags.json === true
      ? JSON.stringify(namedRejectToJson(found))
      : renderReject(found, viewOf(file, rejects, process));
  process.stdout.write(`${text}\n`);
  return EXIT.done;
}
