/** `millrace state rewind`: the next start reads from an earlier place on. */
import { placeError } from "../../../config/place-error.ts";
import { rewindJob } from "../../../pipeline/positions/rewind.ts";
import { EXIT } from "../../exit-codes.ts";
import { type JobFlags, jobOfFile, openPresent } from "../../named-job.ts";
import { renderRewound } from "../../positions/render.ts";
import { stateOf } from "../../state-place.ts";
import type { CliProcess } from "../../terminal.ts";
import { usageError } from "../../usage-error.ts";

/** The command's options, as the command line gives them. */
export interface StateRewindFlags extends JobFlags {
  readonly to: string;
  readonly split?: string;
  readonly run?: string;
  readonly keepWritten?: boolean;
}

/** @throws MillraceError as `rewindJob` does, and whatever is wrong with the job or the command line */
export async function stateRewindCommand(file: string, flags: StateRewindFlags, process: CliProcess): Promise<number> {
  const to = parseTo(flags.to);
  const { split, run, keepWritten = false } = flags;
  const job = await jobOfFile(file, flags, process.env);
  await using state = await openPresent(stateOf(job, flags, process.env));
  try {
    const rewound = await rewindJob(job, {
      state,
      to,
      keepWritten,
      ...(split === undefined ? {} : { split }),
      ...(run === undefined ? {} : { run }),
    });
    process.stdout.write(`${renderRewound(rewound, file)}\n`);
    return EXIT.done;
  } catch (thrown) {
    throw placeError(thrown, job);
  }
}

function parseTo(text: string): bigint | "start" {
  if (text === "start") return text;
  const digits = text.replaceAll("_", "");
  if (/^\d+$/.test(digits) && Number.isSafeInteger(Number(digits))) return BigInt(digits);
  throw usageError(`--to takes the number of source records that stay consumed, or start, got ${JSON.stringify(text)}`);
}
