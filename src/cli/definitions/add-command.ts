/** How the definition of a command reaches the program. */
import type { Command } from "commander";
import type { CliProcess } from "../terminal.ts";

/**
 * Adds a command with its options, its help and its action. Every start reads all definitions, so what a command does is
 * loaded by its action.
 *
 * @param parent the program, or the command that this one stands below
 * @param end told the exit code
 */
export type AddCommand = (parent: Command, process: CliProcess, end: (exitCode: number) => void) => void;
