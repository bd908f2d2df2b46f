/** `millrace backfill`. */
import type { BackfillFlags } from "../commands/backfill.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, quietOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Times without an offset are local in the schedule's timezone; the range ends before --to. The same command again goes on
with what has not succeeded.

Examples:
  millrace backfill config/orders.yaml --from 2026-11-01 --to 2026-11-22 --dry-run
  millrace backfill config/orders.yaml --from 2026-11-01 --to 2026-11-22 --keep-going
  millrace backfill config/orders.yaml --from 2026-11-21T00:00Z --to 2026-11-22T00:00Z --json --quiet`;

export const addBackfill: AddCommand = (program, process, end) => {
  program
    .command("backfill <job>")
    .description("run a job for every slot of a range that has not succeeded yet, oldest first")
    .requiredOption("--from <time>", "the first time that is meant, ISO 8601")
    .requiredOption("--to <time>", "the first that is not meant any more")
    .addOption(paramOption())
    .addOption(stateOption("where runs and positions are kept: a path, or postgres://... (MILLRACE_STATE)"))
    .option("--keep-going", "go on after a slot that failed")
    .option("--dry-run", "only list the slots, and which are done")
    .addOption(jsonOption("what came of each slot as one JSON object"))
    .addOption(quietOption())
    .addHelpText("after", EXAMPLES)
    .action(async (job: string, flags: BackfillFlags) => {
      const { backfillCommand } = await import("../commands/backfill.ts");
      end(await backfillCommand(job, flags, process));
    });
};
