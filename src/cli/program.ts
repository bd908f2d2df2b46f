/** The command line: names, options and help. Each command's code is loaded only when it is called. */
import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, Option } from "commander";
import { MillraceError } from "../core/errors.ts";
import type { CheckFlags } from "./commands/check.ts";
import type { InitFlags } from "./commands/init.ts";
import type { RunFlags } from "./commands/run.ts";
import type { TestFlags } from "./commands/test.ts";
import type { Shell } from "./completion.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import { reportError } from "./report-error.ts";
import type { CliProcess } from "./terminal.ts";

/** Commands of CONTRACT that later releases bring. */
const LATER = ["daemon", "runs", "rejects", "state", "schedule", "backfill", "bench", "top", "tap"];

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
      "Runs ETL jobs: files through TypeScript transforms in threads, into files and Postgres, exactly once.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text),
    })
    .showHelpAfterError("(millrace --help lists what there is)")
    .addHelpText("after", EXAMPLES.program);
  addRun(program, process, end);
  addCheck(program, process, end);
  addTest(program, process, end);
  addInit(program, process, end);
  addSchema(program, process, end);
  addCompletion(program, process, end);
  for (const name of LATER) addLater(program, name);
  return program;
}

/** The same two folders up from the source and from what is built of it. */
function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

type AddCommand = (program: Command, process: CliProcess, end: (exitCode: number) => void) => void;

const addRun: AddCommand = (program, process, end) => {
  const command = program.command("run <job>").description("run a job to its end; an unfinished run is resumed");
  command
    .option("--param <name=value>", "a value for ${param.name} in the job (repeatable)", collect)
    .option("--slot <time>", "the nominal time for ${slot.date} and ${slot.time}")
    .option("--state <place>", "where runs and positions are kept: a path, or postgres://... (MILLRACE_STATE)")
    .option("--restart", "start anew instead of resuming; refused where rows would be written twice")
    .option("--keep-written", "with --restart: leave the rows that are written and write all again")
    .option("--resume <id>", "go on with this run")
    .option("--accept-rejects", "go on with a run that had too many rejects")
    .option("--limit <n>", "only the first n source records, into the real sinks; a run of its own")
    .option("--wait", "wait for the end of another run of the job, then run or go on")
    .option("--dry-run", "show what would be written and write nothing")
    .option("--json", "print the summary as one JSON object on stdout")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", EXAMPLES.run)
    .action(async (job: string, flags: RunFlags) => {
      const { runCommand } = await import("./commands/run.ts");
      end(await runCommand(job, flags, process));
    });
  addHidden(command, ["--explain", "--profile"]);
};

const addCheck: AddCommand = (program, process, end) => {
  const command = program.command("check <jobs...>").description("validate jobs and print what they promise");
  command
    .option("--connect", "look at files, servers and tables too")
    .option("--param <name=value>", "a value for ${param.name} in the jobs (repeatable)", collect)
    .option("--slot <time>", "the nominal time for ${slot.date} and ${slot.time}")
    .option("--json", "print the findings as one JSON object on stdout")
    .addHelpText("after", EXAMPLES.check)
    .action(async (jobs: string[], flags: CheckFlags) => {
      const { checkCommand } = await import("./commands/check.ts");
      end(await checkCommand(jobs, flags, process));
    });
  addHidden(command, ["--show-codec"]);
};

const addTest: AddCommand = (program, process, end) => {
  const command = program.command("test <job>").description("try a job's transform on the records of its fixtures");
  command
    .option("--param <name=value>", "a value for ${param.name} in the job (repeatable)", collect)
    .option("--slot <time>", "the nominal time for ${slot.date} and ${slot.time}")
    .addHelpText("after", EXAMPLES.test)
    .action(async (job: string, flags: TestFlags) => {
      const { testCommand } = await import("./commands/test.ts");
      end(await testCommand(job, flags, process));
    });
};

const addInit: AddCommand = (program, process, end) => {
  const command = program
    .command("init [dir]")
    .description("write a small project that runs, or a job for a file that is there")
    .option("--from <file>", "a file of records: delimiter, header, encoding and types are found out")
    .option("--to <target>", "with --from: postgres://host/database/table, or a .csv or .jsonl file");
  command.addHelpText("after", EXAMPLES.init).action(async (dir: string | undefined, flags: InitFlags) => {
    const { initCommand } = await import("./commands/init.ts");
    end(await initCommand(dir ?? ".", flags, process));
  });
};

const addSchema: AddCommand = (program, process, end) => {
  program
    .command("schema")
    .description("print the JSON Schema of a job file, for editors")
    .addHelpText("after", EXAMPLES.schema)
    .action(async () => {
      const { schemaCommand } = await import("./commands/schema.ts");
      end(schemaCommand(process));
    });
};

const addCompletion: AddCommand = (program, process) => {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .description("print a script that completes commands and options in a shell")
    .addHelpText("after", EXAMPLES.completion)
    .action(async (shell: Shell) => {
      const { completionScript } = await import("./completion.ts");
      process.stdout.write(completionScript(program, shell));
    });
};

function addLater(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .argument("[rest...]")
    .allowUnknownOption()
    .helpOption(false)
    .action(() => {
      throw new MillraceError(
        "NOT_BUILT",
        `millrace ${name}: not built in this release; built now: run, check, init, schema`,
      );
    });
}

/** Options that are known and refused by their command. */
function addHidden(command: Command, flags: readonly string[]): void {
  for (const flag of flags) command.addOption(new Option(flag).hideHelp());
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

const EXAMPLES = {
  program: `
Examples:
  millrace init demo                     a project to start from
  millrace run demo/job.yaml             run it
  millrace init --from orders.csv        a job for a file that is there
  millrace check config/*.yaml           what is promised, before anything runs

Exit codes: 0 done, 1 failed, 2 bad usage or config, 3 too many rejects, 130/143 ended by SIGINT/SIGTERM.`,
  run: `
Examples:
  millrace run config/orders.yaml
  millrace run config/orders.yaml --param region=eu --slot 2026-11-22
  millrace run config/orders.yaml --dry-run --limit 20      what would be written
  millrace run config/orders.yaml --json --quiet | jq .recordsPerSecond
  millrace run config/orders.yaml --restart`,
  check: `
Examples:
  millrace check config/*.yaml
  millrace check config/orders.yaml --connect`,
  test: `
The fixtures of orders.yaml stand in orders.test.jsonl, a line each:
  {"in": {"id": 1, "email": "A@B.C"}, "out": {"id": 1, "email": "a@b.c"}}
  {"in": {"id": 2, "email": ""}, "rejected": "no e-mail"}
  {"in": "3,test@b.c", "filtered": true}

Example:
  millrace test config/orders.yaml`,
  init: `
Examples:
  millrace init demo && millrace run demo/job.yaml
  millrace init --from orders.csv
  millrace init load --from orders.csv.gz --to postgres://localhost/shop/orders`,
  schema: `
Example:
  millrace schema > millrace.schema.json
  and at the head of a job.yaml: # yaml-language-server: $schema=./millrace.schema.json`,
  completion: `
Examples:
  eval "$(millrace completion bash)"          in ~/.bashrc
  eval "$(millrace completion zsh)"           in ~/.zshrc, behind compinit
  millrace completion fish | source           in ~/.config/fish/config.fish`,
};
