/** The command line: names, options and help. Each command's code is loaded only when it is called. */
import { readFileSync } from "node:fs";
import { Argument, Command, CommanderError, Option } from "commander";
import { MillraceError } from "../core/errors.ts";
import type { CheckFlags } from "./commands/check.ts";
import type { InitFlags } from "./commands/init.ts";
import type { ExportFlags, ListFlags, ReplayFlags } from "./commands/rejects.ts";
import type { RunFlags } from "./commands/run.ts";
import type { RunsFlags } from "./commands/runs.ts";
import type { StateForgetFlags } from "./commands/state/forget.ts";
import type { StateRewindFlags } from "./commands/state/rewind.ts";
import type { StateShowFlags } from "./commands/state/show.ts";
import type { TestFlags } from "./commands/test.ts";
import type { Shell } from "./completion.ts";
import { EXIT, exitCodeOfError } from "./exit-codes.ts";
import type { JobFlags } from "./named-job.ts";
import { reportError } from "./report-error.ts";
import type { CliProcess } from "./terminal.ts";

/** Commands of CONTRACT that later releases bring. */
const LATER = ["daemon", "schedule", "backfill", "bench", "top", "tap"];

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
  addRuns(program, process, end);
  addState(program, process, end);
  addRejects(program, process, end);
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

const addRejects: AddCommand = (program, process, end) => {
  const rejects = program
    .command("rejects")
    .description("rejected records: look at them, take them out, run them again after a fix")
    .addHelpText("after", EXAMPLES.rejects);
  const commands = () => import("./commands/rejects.ts");
  const command = (usage: string, description: string): Command =>
    rejects
      .command(usage)
      .description(description)
      .option("--run <id>", "of this run, or of all; the newest run when absent")
      .option("--stage <stage>", "decode, validate, transform, aggregate or write")
      .option("--code <code>", "refused with this code")
      .option("--param <name=value>", "a value for ${param.name} in the job (repeatable)", collect)
      .option("--slot <time>", "the nominal time for ${slot.date} and ${slot.time}")
      .option("--state <place>", "where runs and positions are kept (MILLRACE_STATE)");
  command("list <job>", "how many, why, and the first of them")
    .option("--limit <n>", "how many are listed (20)")
    .option("--json", "print them as one JSON object on stdout")
    .action(async (job: string, flags: ListFlags) => end(await (await commands()).listCommand(job, flags, process)));
  command("show <job> <id>", "one of them whole, by its id or its ordinal")
    .option("--json", "print it as a JSON object on stdout")
    .action(async (job: string, id: string, flags: ListFlags) =>
      end(await (await commands()).showCommand(job, id, flags, process)),
    );
  command("export <job>", "all of them, whole or as the bytes that they were")
    .option("--to <file>", "into a file instead of stdout")
    .addOption(
      new Option("--format <format>", "one JSON object a line, or bytes").choices(["jsonl", "raw"]).default("jsonl"),
    )
    .action(async (job: string, flags: ExportFlags) =>
      end(await (await commands()).exportCommand(job, flags, process)),
    );
  command("replay <job>", "run them again through today's job; what goes through is no reject any more")
    .option("--json", "print the summary as one JSON object on stdout")
    .option("--quiet", "print nothing but errors")
    .action(async (job: string, flags: ReplayFlags) =>
      end(await (await commands()).replayCommand(job, flags, process)),
    );
};

const addRuns: AddCommand = (program, process, end) => {
  const runs = program
    .command("runs")
    .argument("[job]", "a job's file or name; all jobs when absent")
    .description("list what ran, newest first, with counts and outcome");
  withState(runs)
    .option("--limit <n>", "so many at most (default: 20)")
    .option("--json", "print them as a JSON array on stdout")
    .addHelpText("after", EXAMPLES.runs)
    .action(async (job: string | undefined, flags: RunsFlags) => {
      const { runsCommand } = await import("./commands/runs.ts");
      end(await runsCommand(job, flags, process));
    });
  withState(runs.command("show <id> [job]").description("show all that is known of one run"))
    .option("--json", "print it as one JSON object on stdout")
    .addHelpText("after", EXAMPLES.runsShow)
    .action(async (id: string, job: string | undefined, _own: RunsFlags, command: Command) => {
      const { runsShowCommand } = await import("./commands/runs.ts");
      // Options that both have are taken by `runs`, wherever they stand.
      end(await runsShowCommand(id, job, command.optsWithGlobals<RunsFlags>(), process));
    });
};

const addState: AddCommand = (program, process, end) => {
  const state = program
    .command("state")
    .description("look at saved positions, set them back, forget them")
    .addHelpText("after", EXAMPLES.state);
  withJobState(state.command("show <job>").description("show where a job stands: scope, sink, split, position, counts"))
    .option("--split <name>", "only this split")
    .option("--json", "print the positions as a JSON array on stdout")
    .addHelpText("after", EXAMPLES.stateShow)
    .action(async (job: string, flags: StateShowFlags) => {
      const { stateShowCommand } = await import("./commands/state/show.ts");
      end(await stateShowCommand(job, flags, process));
    });
  withJobState(state.command("rewind <job>").description("set positions back: the next run reads from there on"))
    .requiredOption("--to <ordinal>", "so many records of the split stay consumed; or start")
    .option("--split <name>", "the split; needed for an ordinal where there are several")
    .option("--run <id>", "the run, where several are unfinished")
    .option("--keep-written", "leave the rows that are written, and write them again")
    .addHelpText("after", EXAMPLES.stateRewind)
    .action(async (job: string, flags: StateRewindFlags) => {
      const { stateRewindCommand } = await import("./commands/state/rewind.ts");
      end(await stateRewindCommand(job, flags, process));
    });
  withJobState(state.command("forget <job>").description("drop what the next run would go on with; asks before"))
    .option("--run <id>", "only this unfinished run")
    .option("--yes", "do not ask")
    .addHelpText("after", EXAMPLES.stateForget)
    .action(async (job: string, flags: StateForgetFlags) => {
      const { stateForgetCommand } = await import("./commands/state/forget.ts");
      end(await stateForgetCommand(job, flags, process));
    });
  withJobState(state.command("ddl <job>").description("print what an owner runs in Postgres for roles without CREATE"))
    .addHelpText("after", EXAMPLES.stateDdl)
    .action(async (job: string, flags: JobFlags) => {
      const { stateDdlCommand } = await import("./commands/state/ddl.ts");
      end(await stateDdlCommand(job, flags, process));
    });
};

function withState(command: Command): Command {
  return command.option("--state <place>", "the state store (MILLRACE_STATE; .millrace/state.db beside the job)");
}

function withJobState(command: Command): Command {
  return withState(command).option(
    "--param <name=value>",
    "a value for ${param.name} in the job (repeatable)",
    collect,
  );
}

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
        `millrace ${name}: not built in this release; built now: ${builtCommands(program).join(", ")}`,
      );
    });
}

function builtCommands(program: Command): string[] {
  return program.commands.map((command) => command.name()).filter((name) => !LATER.includes(name));
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
  rejects: `
Examples:
  millrace rejects list config/orders.yaml --stage transform
  millrace rejects show config/orders.yaml 17
  millrace rejects export config/orders.yaml --format raw --to corrected.csv
  millrace rejects replay config/orders.yaml --code VALUE_INVALID`,
  runs: `
Examples:
  millrace runs                               of all jobs in this folder's state
  millrace runs config/orders.yaml --limit 5
  millrace runs orders --json | jq '.[0].rejected'
  millrace runs show 01J9ZK7Q3M`,
  runsShow: `
Examples:
  millrace runs show 01J9ZK7Q3M
  millrace runs show 01J9ZK7Q3M jobs/orders.yaml --json`,
  state: `
Examples:
  millrace state show config/orders.yaml
  millrace state rewind config/orders.yaml --split data/orders-2.csv --to 10000
  millrace state forget config/orders.yaml
  millrace state ddl config/orders.yaml | psql -h db -U owner shop`,
  stateShow: `
Examples:
  millrace state show config/orders.yaml
  millrace state show config/orders.yaml --json | jq '.[] | [.split, .position.ordinal]'`,
  stateRewind: `
An ordinal is a number of source records of one split, as state show prints it. What stands behind it is read again by the
next run; in a sink that appends its rows are there already, so take them out and say --keep-written.

Examples:
  millrace state rewind config/orders.yaml --to start
  millrace state rewind config/orders.yaml --split data/orders-2.csv --to 10000 --keep-written`,
  stateForget: `
What sinks hold stays. The history of runs that succeeded stays too.

Examples:
  millrace state forget config/orders.yaml
  millrace state forget config/orders.yaml --run 01J9ZK7Q3M --yes`,
  stateDdl: `
Examples:
  millrace state ddl config/orders.yaml | psql -h db -U owner shop
  millrace state ddl config/orders.yaml --state postgres://etl@db/ops     the state store's tables too`,
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
