/** `millrace state` and the commands below it. */
import type { Command } from "commander";
import type { StateForgetFlags } from "../commands/state/forget.ts";
import type { StateRewindFlags } from "../commands/state/rewind.ts";
import type { StateShowFlags } from "../commands/state/show.ts";
import type { JobFlags } from "../named-job.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace state show config/orders.yaml
  millrace state rewind config/orders.yaml --split data/orders-2.csv --to 10000
  millrace state forget config/orders.yaml
  millrace state ddl config/orders.yaml | psql -h db -U owner shop`;

export const addState: AddCommand = (program, process, end) => {
  const state = program
    .command("state")
    .description("look at saved positions, set them back, forget them")
    .addHelpText("after", EXAMPLES);
  for (const add of [addShow, addRewind, addForget, addDdl]) add(state, process, end);
};

const SHOW_EXAMPLES = `
Examples:
  millrace state show config/orders.yaml
  millrace state show config/orders.yaml --json | jq '.[] | [.split, .position.ordinal]'`;

const addShow: AddCommand = (state, process, end) => {
  below(state, "show <job>", "show where a job stands: scope, sink, split, position, counts")
    .option("--split <name>", "only this split")
    .addOption(jsonOption("the positions as a JSON array"))
    .addHelpText("after", SHOW_EXAMPLES)
    .action(async (job: string, flags: StateShowFlags) => {
      const { stateShowCommand } = await import("../commands/state/show.ts");
      end(await stateShowCommand(job, flags, process));
    });
};

const REWIND_EXAMPLES = `
An ordinal is a number of source records of one split, as state show prints it. What stands behind it is read again by the
next run; in a sink that appends its rows are there already, so take them out and say --keep-written.

Examples:
  millrace state rewind config/orders.yaml --to start
  millrace state rewind config/orders.yaml --split data/orders-2.csv --to 10000 --keep-written`;

const addRewind: AddCommand = (state, process, end) => {
  below(state, "rewind <job>", "set positions back: the next run reads from there on")
    .requiredOption("--to <ordinal>", "so many records of the split stay consumed; or start")
    .option("--split <name>", "the split; needed for an ordinal where there are several")
    .option("--run <id>", "the run, where several are unfinished")
    .option("--keep-written", "leave the rows that are written, and write them again")
    .addHelpText("after", REWIND_EXAMPLES)
    .action(async (job: string, flags: StateRewindFlags) => {
      const { stateRewindCommand } = await import("../commands/state/rewind.ts");
      end(await stateRewindCommand(job, flags, process));
    });
};

const FORGET_EXAMPLES = `
What sinks hold stays. The history of runs that succeeded stays too. A schedule is planned anew: slots that were
missed are not caught up.

Examples:
  millrace state forget config/orders.yaml
  millrace state forget config/orders.yaml --run 01J9ZK7Q3M --yes`;

const addForget: AddCommand = (state, process, end) => {
  below(state, "forget <job>", "drop what the next run would go on with; asks before")
    .option("--run <id>", "only this unfinished run")
    .option("--yes", "do not ask")
    .addHelpText("after", FORGET_EXAMPLES)
    .action(async (job: string, flags: StateForgetFlags) => {
      const { stateForgetCommand } = await import("../commands/state/forget.ts");
      end(await stateForgetCommand(job, flags, process));
    });
};

const DDL_EXAMPLES = `
Examples:
  millrace state ddl config/orders.yaml | psql -h db -U owner shop
  millrace state ddl config/orders.yaml --state postgres://etl@db/ops     the state store's tables too`;

const addDdl: AddCommand = (state, process, end) => {
  below(state, "ddl <job>", "print what an owner runs in Postgres for roles without CREATE")
    .addHelpText("after", DDL_EXAMPLES)
    .action(async (job: string, flags: JobFlags) => {
      const { stateDdlCommand } = await import("../commands/state/ddl.ts");
      end(await stateDdlCommand(job, flags, process));
    });
};

/** A command below `state`, with the options that all of them have. */
function below(state: Command, usage: string, description: string): Command {
  return state.command(usage).description(description).addOption(stateOption()).addOption(paramOption());
}
