/** What is wrong with how the program was called. */
import { MillraceError } from "../core/errors.ts";

/** The error that ends a command with the exit code for bad usage. */
export function usageError(message: string, cause?: unknown): MillraceError {
  return new MillraceError("USAGE", message, { cause });
}
