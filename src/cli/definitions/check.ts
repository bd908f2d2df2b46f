/** `millrace check`. */
import type { CheckFlags } from "../commands/check.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, slotOption } from "./shared-options.ts";

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
    .option(
      "--show-codec",
      "print the code that is generated for the first records, which the transform is called with",
    )
    .addOption(paramOption("the jobs"))
    .addOption(slotOption())
    .addOption(jsonOption("the findings as one JSON object"))
    .addHelpText("after", EXAMPLES)
    .action(async (jobs: string[], flags: CheckFlags) => {
      const { checkCommand } = await import("../commands/check.ts");
      end(await checkCommand(jobs, flags, process));
    });
};
