/** Asks somebody who sits there. */
import { createInterface } from "node:readline/promises";
import type { CliProcess } from "./terminal.ts";
import { usageError } from "./usage-error.ts";

/**
 * Whether the answer is yes.
 *
 * @throws MillraceError USAGE where nobody can be asked
 */
export async function confirm(question: string, { stdin, stderr }: CliProcess): Promise<boolean> {
  if (stdin?.isTTY !== true || stderr.isTTY !== true) {
    throw usageError("nobody can be asked here: say --yes if that is meant");
  }
  stderr.write(question);
  using lines = createInterface({ input: stdin });
  for await (const line of lines) return /^y(?:es)?$/i.test(line.trim());
  return false;
}
