/** `millrace completion`. */
import { Argument } from "commander";
import type { Shell } from "../completion.ts";
import type { AddCommand } from "./add-command.ts";

const EXAMPLES = `
Examples:
  eval "$(millrace completion bash)"          in ~/.bashrc
  eval "$(millrace completion zsh)"           in ~/.zshrc, behind compinit
  millrace completion fish | source           in ~/.config/fish/config.fish`;

export const addCompletion: AddCommand = (program, process) => {
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "your shell").choices(["bash", "zsh", "fish"]))
    .description("print a script that completes commands and options in a shell")
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell) => {
      const { completionScript } = await import("../completion.ts");
      process.stdout.write(completionScript(program, shell));
    });
};
