/** Where in the user's own file an error was thrown. */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const FRAME = /^\s+at /;
const LINE_AND_COLUMN = /^:(\d+):(\d+)/;

/**
 * `orders.ts:6:19` for the topmost frame of `error` that lies in `module`; undefined when there is none.
 *
 * Types are taken out in place, so lines and columns are those of the source.
 *
 * @param module absolute path, without links
 */
export function positionInModule(error: unknown, module: string): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  const names = [pathToFileURL(module).href, module];
  for (const frame of error.stack.split("\n")) {
    if (!FRAME.test(frame)) continue;
    for (const name of names) {
      const at = frame.lastIndexOf(`${name}:`);
      const place = at === -1 ? null : LINE_AND_COLUMN.exec(frame.slice(at + name.length));
      if (place !== null) return `${basename(module)}:${place[1]}:${place[2]}`;
    }
  }
  return undefined;
}
