/** Where in the user's own file an error was thrown. */
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `orders.ts:6:19` for the topmost frame of `error` that lies in `module`; undefined when there is none.
 *
 * Types are taken out in place, so lines and columns are those of the source.
 */
export function positionInModule(error: unknown, module: string): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  for (const frame of error.stack.split("\n")) {
    const match = /\(?((?:file:\/\/)?[^()\s]+):(\d+):(\d+)\)?$/.exec(frame);
    if (match?.[1] === undefined) continue;
    const file = match[1].startsWith("file://") ? fileURLToPath(match[1]) : match[1];
    if (file === module) return `${basename(module)}:${match[2]}:${match[3]}`;
  }
  return undefined;
}
