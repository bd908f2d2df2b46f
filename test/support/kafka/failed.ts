/** How the test broker says what is wrong. */
import { MillraceError } from "../../../src/core/errors.ts";

const LAST_LINES = 8;

/** An error with the end of a program's output. */
export function failed(what: string, output: string): MillraceError {
  const end = output.trim().split("\n").slice(-LAST_LINES).join("\n");
  return new MillraceError("INVARIANT", `kafka for tests: ${what}${end === "" ? "" : `: ${end}`}`);
}
