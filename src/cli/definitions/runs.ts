/** `millrace runs` and `millrace runs show`. */
import type { Command } from "commander";
import type { RunsFlags } from "../commands/runs.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace runs                               of all jobs in this folder's state
  millrace runs config/orders.yaml --limit 5
  millrace runs orders --json | jq '.[0].rejected'
  millrace runs show 01J9ZK7Q3M`;

const SHOW_EXAMPLES = `
Examples:
  millrace runs show 01J9ZK7Q3M
  millrace runs show 01J9ZK7Q3M jobs/orders.yaml --json`;

export const addRuns: AddCommand = (program, process, end) => {
  const runs = program
    .command("runs")
    .argument("[job]", "a job's file or name; all jobs when absent")
    .description("list what ran, newest first, with counts and outcome")
    .addOption(stateOption())
    .option("--limit <n>", "so many at most (default: 20)")
    .addOption(jsonOption("them as a JSON array"))
    .addHelpText("after", EXAMPLES)
    .action(async (job: string | undefined, flags: RunsFlags) => {
      const { runsCommand } = await import("../commands/runs.ts");
      end(await runsCommand(job, flags, process));
    });
  runs
    .command("show <id> [job]")
    .description("show all that is known of one run")
    .addOption(stateOption())
    .addOption(jsonOption("it as one JSON object"))
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (id: string, job: string | undefined, _own: RunsFlags, command: Command) => {
      const { runsShowCommand } = await import("../commands/runs.ts");
      // Options that both have are taken by `runs`, wherever they stand.
      end(await runsShowCommand(id, job, command.optsWithGlobals<RunsFlags>(), process));
    });
};
