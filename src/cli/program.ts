/** The command line: the program and the list of its commands, each defined in a file of its own. */
import { Command, CommanderError } from "commander";
import type { AddCommand } from "./definitions/add-command.ts";
import { addBackfill } from "./definitions/backfill.ts";
import { addBench } from "./definitions/bench.ts";
import { addCheck } from "./definitions/check.ts";
import { addCompletion } from "./definitions/completion.ts";
import { addDaemon } from "./definitions/daemon.ts";
import { addInit } from "./definitions/init.ts";
import { addLater } from "./definitions/later.ts";
import { addRejects } from "./definitions/rejects.ts";
import { addRun } from "./definitions/run.ts";
import { addRuns } from "./definitions/runs.ts";
import { addSchedule } from "./definitions/schedule.ts";
import { addSchema } from "./definitions/schema.ts";
import { addState } from "./definitions/state.ts";
import { addTest } from "./definitions/test.ts";
import { packageVersion } from "../observability/package-version.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";
import type { CliProcess } from "./terminal.ts";

/** In the order in which help lists them. */
const COMMANDS: readonly AddCommand[] = [
  addRun,
  addCheck,
  addTest,
  addDaemon,
  addRuns,
  addState,
  addRejects,
  addSchedule,
  addBackfill,
  addBench,
  addInit,
  addSchema,
  addCompletion,
  addLater,
];

const EXAMPLES = `
Examples:
  millrace init demo                     a project to start from
  millrace run demo/job.yaml             run it
  millrace init --from orders.csv        a job for a file that is there
  millrace check config/*.yaml           what is promised, before anything runs

Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 too many rejects, 130/143 ended by SIGINT/SIGTERM.`;

/**
 * Runs one command line.
 *
 * @param argv the arguments behind the program's name
 * @returns the exit code; everything thrown has been told on stderr
 */
export async function runProgram(argv: readonly string[], process: CliProcess): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = buildProgram(process, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (thrown) {
    // Commander has already written what it has to say; help and version come this way too.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.done : EXIT.usage;
    reportError(thrown, process);
    return exitCodeOfError(thrown);
  }
}

function buildProgram(process: CliProcess, end: (exitCode: number) => void): Command {
  const program = new Command("millrace")
    .description(
      "Runs ETL jobs: files and Kafka through TypeScript transforms in threads, into Postgres, Kafka and files, exactly once.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
    })
    .showHelpAfterError("(millrace --help lists what there is)")
    .addHelpText("after", EXAMPLES);
  for (const add of COMMANDS) add(program, process, end);
  return program;
}
