/** Scripts that complete the command line in a shell, made of the program's own commands and options. */
import type { Command, Option } from "commander";

/** A command as completion sees it. */
interface CompletedCommand {
  readonly name: string;
  readonly about: string;
  readonly options: readonly { readonly flag: string; readonly about: string }[];
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
  const options = command.options.filter(({ hidden }) => !hidden).map(flagOf);
  const help = { flag: "--help", about: "explain this command" };
  return { name: command.name(), about: command.description(), options: [...options, help] };
}

function flagOf({ long, description }: Option): { flag: string; about: string } {
  return { flag: long ?? "", about: description };
}

function bashScript(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ name, options }) => `    ${name}) words="${flags(options)}" ;;`);
  return `# bash completion of millrace: eval "$(millrace completion bash)"
_millrace() {
  local word="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); fi
}
complete -o default -F _millrace millrace
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, about }) => `    '${name}:${zshText(about)}'`);
  const cases = commands.map(({ name, options }) => {
    const specs = options.map(({ flag, about }) => `'${flag}[${zshText(about)}]'`);
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
  const lines = commands.flatMap(({ name, about, options }) => [
    `complete -c millrace -n __fish_use_subcommand -f -a ${name} -d ${fishText(about)}`,
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
