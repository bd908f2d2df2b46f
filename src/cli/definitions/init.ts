/** `millrace init`. */
import type { InitFlags } from "../commands/init.ts";
import type { AddCommand } from "./add-command.ts";

const EXAMPLES = `
Examples:
  millrace init demo && millrace run demo/job.yaml
  millrace init --from orders.csv
  millrace init load --from orders.csv.gz --to postgres://localhost/shop/orders`;

export const addInit: AddCommand = (program, process, end) => {
  program
    .command("init [dir]")
    .description("write a small project that runs, or a job for a file that is there")
    .option("--from <file>", "a file of records: delimiter, header, encoding and types are found out")
    .option("--to <target>", "with --from: postgres://host/database/table, https://host/path, or a .csv or .jsonl file")
    .addHelpText("after", EXAMPLES)
    .action(async (dir: string | undefined, flags: InitFlags) => {
      const { initCommand } = await import("../commands/init.ts");
      end(await initCommand(dir ?? ".", flags, process));
    });
};
