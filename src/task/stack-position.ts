/** Where in the user's own files an error was thrown. */
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The file, line and column at the end of a stack's frame, whether called or awaited. */
const FRAME = /^\s+at (?:.*?[( ])??((?:file:\/\/)?\/.*?|[A-Za-z]:\\.*?):(\d+):(\d+)\)?$/;

/** Where this program's own modules lie: the sources, or what is built of them. */
const OWN_FOLDER = path.resolve(import.meta.dirname, "..") + path.sep;
const PACKAGES = `${path.sep}node_modules${path.sep}`;

/**
 * `orders.ts:6:19` for the topmost frame of `error` that is the user's: in the module, in what it imports, but neither in
 * a package nor in this program. Files are named from the module's folder on. Undefined when there is none.
 *
 * Types are taken out in place, so lines and columns are those of the source.
 *
 * @param module absolute path, without links
 */
export function positionInModule(error: unknown, module: string): string | undefined {
  if (!(error instanceof Error) || typeof error.stack !== "string") return undefined;
  const frames = error.stack.split("\n").flatMap((line) => frameOf(line) ?? []);
  const own = frames.find(({ file }) => file === module || isUsers(file));
  if (own === undefined) return undefined;
  const name = path.relative(path.dirname(module), own.file).replaceAll(path.sep, "/");
  return `${name}:${own.line}:${own.column}`;
}

interface Frame {
  readonly file: string;
  readonly line: string;
  readonly column: string;
}

function frameOf(text: string): Frame | undefined {
  const found = FRAME.exec(text);
  if (found === null) return undefined;
  const [, place = "", line = "", column = ""] = found;
  try {
    // a query tells two loads of one file apart, and is no part of its name
    return { file: place.startsWith("file:") ? fileURLToPath(place.replace(/\?.*$/, "")) : place, line, column };
  } catch {
    return undefined; // not a file of this machine
  }
}

function isUsers(file: string): boolean {
  return !file.startsWith(OWN_FOLDER) && !file.includes(PACKAGES);
}
