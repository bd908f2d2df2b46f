/** How the definition of a command reaches the program. */
import type { Command } from "commander";
import type { CliProcess } from "../terminal.ts";

/**
 * Adds a command with its options, its help and its action. The action loads the command's code; a
 * definition itself imports nothing but types, because every start reads all of them.
 *
 * @param parent the program, or the command that this one stands below
 * @param end told the exit code
 */
export type AddCommand = (parent: Command, process: CliProcess, end: (exitCode: number) => void) => void;
