/** Options that several commands have. */
import { Option } from "commander";

/** `--param`, given any number of times. */
export function paramOption(jobs = "the job"): Option {
  return new Option("--param <name=value>", `a value for \${param.name} in ${jobs} (repeatable)`).argParser(collect);
}

/** `--slot`. */
export function slotOption(): Option {
  return new Option("--slot <time>", "the nominal time for ${slot.date} and ${slot.time}");
}

/** `--state`. */
export function stateOption(about = "the state store (MILLRACE_STATE; .millrace/state.db beside the job)"): Option {
  return new Option("--state <place>", about);
}

/** `--json`. @param what what is printed, and in which shape */
export function jsonOption(what: string): Option {
  return new Option("--json", `print ${what} on stdout`);
}

/** `--quiet`. */
export function quietOption(): Option {
  return new Option("--quiet", "print nothing but errors");
}

/** An option that is known and that its command refuses. */
export function refusedOption(flag: string): Option {
  return new Option(flag).hideHelp();
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
