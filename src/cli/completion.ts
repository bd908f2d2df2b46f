/** Scripts that complete the command line in a shell, made of the program's own commands and options. */
import type { Command, Option } from "commander";

/** A command as completion sees it. */
interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  /** Its own and those of the commands below it. */
  readonly options: readonly { readonly flag: string; readonly about: string }[];
  /** The commands below it, as `show` in `runs show`. */
  readonly commands: readonly string[];
}

/** Shells that a script can be made for. */
export type Shell = "bash" | "zsh" | "fish";

/**
 * The script for a shell: commands, their options, and files for everything else.
 *
 * @example
 * completionScript(program, "bash"); // for: eval "$(millrace completion bash)"
 */
export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.filter((command) => !isHidden(command)).map(completed);
  switch (shell) {
    case "bash":
      return bashScript(commands);
    case "zsh":
      return zshScript(commands);
    case "fish":
      return fishScript(commands);
  }
}

/** Commander keeps it to itself whether a command is hidden. */
function isHidden(command: Command): boolean {
  return (command as Command & { readonly _hidden?: boolean })._hidden === true;
}

function completed(command: Command): CompletedCommand {
  const below = command.commands.filter((other) => !isHidden(other));
  const all = [command, ...below].flatMap(({ options }) => options.filter(({ hidden }) => !hidden).map(flagOf));
  const options = all.filter(({ flag }, index) => all.findIndex((other) => other.flag === flag) === index);
  const help = { flag: "--help", about: "explain this command" };
  return {
    name: command.name(),
    about: command.description(),
    options: [...options, help],
    commands: below.map((other) => other.name()),
  };
}

function flagOf({ long, description }: Option): { flag: string; about: string } {
  return { flag: long ?? "", about: description };
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(
    ({ name, options, commands: below }) => `    ${name}) words="${flags(options)}"; below="${below.join(" ")}" ;;`,
  );
  return `# bash completion of millrace: eval "$(millrace completion bash)"
_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words="" below=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word"))
  elif [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$below" -- "$word")); fi
}
complete -o default -F _millrace millrace
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, about }) => `    '${name}:${zshText(about)}'`);
  const cases = commands.map(({ name, options, commands: below }) => {
    const specs = options.map(({ flag, about }) => `'${flag}[${zshText(about)}]'`);
    if (below.length > 0) specs.push(`'1:command:(${below.join(" ")})'`);
    return `    ${name}) _arguments ${[...specs, "'*:file:_files'"].join(" ")} ;;`;
  });
  return `#compdef millrace
# zsh completion of millrace: eval "$(millrace completion zsh)"
_millrace() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=\${words[2]}
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join("\n")}
  esac
}
compdef _millrace millrace
`;
}

function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, about, options, commands: below }) => [
    `complete -c millrace -n __fish_use_subcommand -f -a ${name} -d ${fishText(about)}`,
    ...(below.length > 0
      ? [`complete -c millrace -n '__fish_seen_subcommand_from ${name}' -a ${fishText(below.join(" "))}`]
      : []),
    ...options.map(
      ({ flag, about: option }) =>
        `complete -c millrace -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)} -d ${fishText(option)}`,
    ),
  ]);
  return `# fish completion of millrace: millrace completion fish | source\n${lines.join("\n")}\n`;
}

function flags(options: CompletedCommand["options"]): string {
  return options.map(({ flag }) => flag).join(" ");
}

/** Inside single quotes, where colons and brackets end a description. */
function zshText(text: string): string {
  return text.replaceAll(/['\\]/g, "").replaceAll(/[:[\]]/g, "\\$&");
}

function fishText(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
