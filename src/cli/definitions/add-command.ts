/** How the definition of a command reaches the program. */
import type { Command } from "commander";
import type { CliProcess } from "../terminal.ts";

/**
 * Puts a command with its options, its help and its action into the program. The action loads the command's code; a
 * definition itself imports nothing but types, because every start reads all of them.
 *
 * @param end told the exit code
 */
export type AddCommand = (program: Command, process: CliProcess, end: (exitCode: number) => void) => void;
