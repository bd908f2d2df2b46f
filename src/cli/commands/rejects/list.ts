/** `millrace rejects list`: how many, why, and the first of them. */
import { type NamedReject, namedRejectToJson } from "../../../pipeline/rejects/job-rejects.ts";
import { EXIT } from "../../exit-codes.ts";
import { parseLimit } from "../../options.ts";
import { openRejects, viewOf } from "../../rejects/open.ts";
import { type RejectFlags, wishOf } from "../../rejects/reject-flags.ts";
import { renderList } from "../../rejects/render.ts";
import type { CliProcess } from "../../terminal.ts";

/** The command's options, as the command line gives them. */
export interface ListFlags extends RejectFlags {
  readonly limit?: string;
  readonly json?: boolean;
}

const SHOWN = 20;

/** @throws MillraceError USAGE, and as `openRejects` does */
export async function listCommand(file: string, flags: ListFlags, process: CliProcess): Promise<number> {
  const wish = wishOf(flags);
  const limit = flags.limit === undefined ? SHOWN : parseLimit(flags.limit);
  await using rejects = await openRejects(file, flags, process);
  const overview = await rejects.overview(wish);
  const shown: NamedReject[] = [];
  for await (const reject of rejects.all(wish)) if (shown.push(reject) >= limit) break;
  if (flags.json === true) {
    const { newest, ...figures } = overview;
    const about = { job: rejects.plan.job.name, run: newest?.id ?? flags.run ?? null, place: rejects.label };
    process.stdout.write(`${JSON.stringify({ ...about, ...figures, items: shown.map(namedRejectToJson) })}\n`);
  } else process.stdout.write(`${renderList(overview, shown, viewOf(file, rejects, process))}\n`);
  return EXIT.done;
}
