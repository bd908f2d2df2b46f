/** `millrace run`. */
import type { RunFlags } from "../commands/run.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, quietOption, refusedOption, slotOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace run config/orders.yaml
  millrace run config/orders.yaml --param region=eu --slot 2026-11-22
  millrace run config/orders.yaml --dry-run --limit 20      what would be written
  millrace run config/orders.yaml --json --quiet | jq .recordsPerSecond
  millrace run config/orders.yaml --restart`;

export const addRun: AddCommand = (program, process, end) => {
  program
    .command("run <job>")
    .description("run a job to its end; an unfinished run is resumed")
    .addOption(paramOption())
    .addOption(slotOption())
    .addOption(stateOption("where runs and positions are kept: a path, or postgres://... (MILLRACE_STATE)"))
    .option("--restart", "start anew instead of resuming; refused where rows would be written twice")
    .option("--keep-written", "with --restart: leave the rows that are written and write all again")
    .option("--resume <id>", "go on with this run")
    .option("--accept-rejects", "go on with a run that had too many rejects")
    .option("--limit <n>", "only the first n source records, into the real sinks; a run of its own")
    .option("--wait", "wait for the end of another run of the job, then run or go on")
    .option("--dry-run", "show what would be written and write nothing")
    .addOption(jsonOption("the summary as one JSON object"))
    .addOption(quietOption())
    .addOption(refusedOption("--explain"))
    .addOption(refusedOption("--profile"))
    .addHelpText("after", EXAMPLES)
    .action(async (job: string, flags: RunFlags) => {
      const { runCommand } = await import("../commands/run.ts");
      end(await runCommand(job, flags, process));
    });
};
