/** `millrace test`. */
import type { ValueFlags } from "../run-values.ts";
import type { AddCommand } from "./add-command.ts";
import { paramOption, slotOption } from "./shared-options.ts";

const EXAMPLES = `
The fixtures of orders.yaml stand in orders.test.jsonl, a line each:
  {"in": {"id": 1, "email": "A@B.C"}, "out": {"id": 1, "email": "a@b.c"}}
  {"in": {"id": 2, "email": ""}, "rejected": "no e-mail"}
  {"in": "3,test@b.c", "filtered": true}

Example:
  millrace test config/orders.yaml`;

export const addTest: AddCommand = (program, process, end) => {
  program
    .command("test <job>")
    .description("try a job's transform on the records of its fixtures")
    .addOption(paramOption())
    .addOption(slotOption())
    .addHelpText("after", EXAMPLES)
    .action(async (job: string, flags: ValueFlags) => {
      const { testCommand } = await import("../commands/test.ts");
      end(await testCommand(job, flags, process));
    });
};
