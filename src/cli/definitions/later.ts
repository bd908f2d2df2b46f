/** Commands of CONTRACT that later releases bring: known, hidden, and refused with what there is. */
import type { Command } from "commander";
import { MillraceError } from "../../core/errors.ts";
import type { AddCommand } from "./add-command.ts";

const LATER = ["top", "tap"];

export const addLater: AddCommand = (program) => {
  for (const name of LATER) {
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
};

function builtCommands(program: Command): string[] {
  return program.commands.map((command) => command.name()).filter((name) => !LATER.includes(name));
}
