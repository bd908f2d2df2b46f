/** `millrace rejects` and the commands below it. */
import { type Command, Option } from "commander";
import type { ExportFlags } from "../commands/rejects/export.ts";
import type { ListFlags } from "../commands/rejects/list.ts";
import type { ReplayFlags } from "../commands/rejects/replay.ts";
import type { ShowFlags } from "../commands/rejects/show.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, quietOption, slotOption, stateOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace rejects list config/orders.yaml --stage transform
  millrace rejects show config/orders.yaml 17
  millrace rejects export config/orders.yaml --format raw --to corrected.csv
  millrace rejects replay config/orders.yaml --code VALUE_INVALID`;

export const addRejects: AddCommand = (program, process, end) => {
  const rejects = program
    .command("rejects")
    .description("rejected records: look at them, take them out, run them again after a fix")
    .addHelpText("after", EXAMPLES);
  for (const add of [addList, addShow, addExport, addReplay]) add(rejects, process, end);
};

const addList: AddCommand = (rejects, process, end) => {
  below(rejects, "list <job>", "how many, why, and the first of them")
    .option("--limit <n>", "how many are listed (20)")
    .addOption(jsonOption("them as one JSON object"))
    .action(async (job: string, flags: ListFlags) => {
      const { listCommand } = await import("../commands/rejects/list.ts");
      end(await listCommand(job, flags, process));
    });
};

const addShow: AddCommand = (rejects, process, end) => {
  below(rejects, "show <job> <id>", "one of them whole, by its id or its ordinal")
    .addOption(jsonOption("it as a JSON object"))
    .action(async (job: string, id: string, flags: ShowFlags) => {
      const { showCommand } = await import("../commands/rejects/show.ts");
      end(await showCommand(job, id, flags, process));
    });
};

const addExport: AddCommand = (rejects, process, end) => {
  below(rejects, "export <job>", "all of them, whole or as the bytes that they were")
    .option("--to <file>", "into a file instead of stdout")
    .addOption(
      new Option("--format <format>", "one JSON object a line, or bytes").choices(["jsonl", "raw"]).default("jsonl"),
    )
    .action(async (job: string, flags: ExportFlags) => {
      const { exportCommand } = await import("../commands/rejects/export.ts");
      end(await exportCommand(job, flags, process));
    });
};

const addReplay: AddCommand = (rejects, process, end) => {
  below(rejects, "replay <job>", "run them again through today's job; what goes through is no reject any more")
    .addOption(jsonOption("the summary as one JSON object"))
    .addOption(quietOption())
    .action(async (job: string, flags: ReplayFlags) => {
      const { replayCommand } = await import("../commands/rejects/replay.ts");
      end(await replayCommand(job, flags, process));
    });
};

/** A command below `rejects`, with the options that all of them have. */
function below(rejects: Command, usage: string, description: string): Command {
  return rejects
    .command(usage)
    .description(description)
    .option("--run <id>", "of this run, or of all; the newest run when absent")
    .option("--stage <stage>", "decode, validate, transform, aggregate or write")
    .option("--code <code>", "refused with this code")
    .addOption(paramOption())
    .addOption(slotOption())
    .addOption(stateOption("where runs and positions are kept (MILLRACE_STATE)"));
}
