/** The exit codes of CONTRACT, and which of them an error or a run's state means. */
import { isMillraceError } from "../core/errors.ts";
import type { RunSummary } from "../core/summary.ts";

/** Every code the program ends with. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  rejected: 3,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** A signal that ends a run. */
export type EndSignal = "SIGINT" | "SIGTERM";

/** The code of a run that came to an end. */
export function exitCodeOfState(state: RunSummary["state"], signal: EndSignal | undefined): number {
  switch (state) {
    case "succeeded":
      return EXIT.done;
    case "rejected":
      return EXIT.rejected;
    case "interrupted":
      return signal === undefined ? EXIT.failed : EXIT[signal];
    case "failed":
      return EXIT.failed;
  }
}

/** The code of something thrown. */
export function exitCodeOfError(thrown: unknown, signal?: EndSignal): number {
  if (signal !== undefined && isMillraceError(thrown, "ABORTED")) return EXIT[signal];
  if (isMillraceError(thrown, "REJECT_LIMIT")) return EXIT.rejected;
  return isMillraceError(thrown) && thrown.fault === "usage" ? EXIT.usage : EXIT.failed;
}
