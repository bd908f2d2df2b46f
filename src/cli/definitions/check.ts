/** `millrace check`. */
import type { CheckFlags } from "../commands/check.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, refusedOption, slotOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace check config/*.yaml
  millrace check config/orders.yaml --connect
  millrace check config/millrace.yaml      all jobs of a runtime file`;

export const addCheck: AddCommand = (program, process, end) => {
  program
    .command("check <files...>")
    .description("validate jobs, or all jobs of a runtime file, and print what they promise")
    .option("--connect", "look at files, servers and tables too")
    .addOption(paramOption("the jobs"))
    .addOption(slotOption())
    .addOption(jsonOption("the findings as one JSON object"))
    .addOption(refusedOption("--show-codec"))
    .addHelpText("after", EXAMPLES)
    .action(async (jobs: string[], flags: CheckFlags) => {
      const { checkCommand } = await import("../commands/check.ts");
      end(await checkCommand(jobs, flags, process));
    });
};
