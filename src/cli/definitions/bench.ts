/** `millrace bench` and the commands below it. */
import type { Command } from "commander";
import { MillraceError } from "../../core/errors.ts";
import type { BenchInsertFlags } from "../commands/bench/insert.ts";
import type { AddCommand } from "./add-command.ts";
import { jsonOption, paramOption, quietOption, slotOption } from "./shared-options.ts";

const EXAMPLES = `
Examples:
  millrace bench insert config/orders.yaml`;

/** Known, and built by later releases. */
const LATER = ["chunk", "workers"];

export const addBench: AddCommand = (program, process, end) => {
  const bench = program
    .command("bench")
    .description("measure a job's own data beside other settings")
    .addHelpText("after", EXAMPLES);
  addInsert(bench, process, end);
  for (const name of LATER) addLater(bench, name);
};

const INSERT_EXAMPLES = `
Reads the first records of the job's source, runs them through its transform, and loads the rows into a table made like the
one of its sink, beside it: by single and pipelined INSERTs, VALUES of 1,000 rows, unnest, COPY text and COPY binary. The
table is dropped at the end; the job's own table, its rejects and its positions stay as they are.

Examples:
  millrace bench insert config/orders.yaml
  millrace bench insert config/orders.yaml --records 1000000 --iterations 5
  millrace bench insert config/orders.yaml --sink warehouse --no-indexes
  millrace bench insert config/orders.yaml --json --quiet | jq .recommended`;

const addInsert: AddCommand = (bench, process, end) => {
  bench
    .command("insert <job>")
    .description("compare the ways to get its rows into Postgres, in a table beside its own")
    .option("--sink <name>", "the sink, where the job has several of type postgres")
    .option("--records <n>", "read so many source records at most (default: 100000)")
    .option("--iterations <n>", "measure each way so often, in turn (default: 3)")
    .option("--time-limit <duration>", "end a load after it; its rate counts all the same (default: 5s)")
    .option("--no-indexes", "leave out the indexes and constraints of the table")
    .addOption(paramOption())
    .addOption(slotOption())
    .addOption(jsonOption("all figures as one JSON object"))
    .addOption(quietOption())
    .addHelpText("after", INSERT_EXAMPLES)
    .action(async (job: string, flags: BenchInsertFlags) => {
      const { benchInsertCommand } = await import("../commands/bench/insert.ts");
      end(await benchInsertCommand(job, flags, process));
    });
};

function addLater(bench: Command, name: string): void {
  bench
    .command(name, { hidden: true })
    .argument("[rest...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      throw new MillraceError(
        "NOT_BUILT",
        `millrace bench ${name}: not built in this release; built now: bench insert`,
      );
    });
}
