/** Says in plain words why a user's module cannot be loaded. */
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { messageOf } from "../core/thrown.ts";
import { positionInModule } from "./stack-position.ts";

const NOT_ERASABLE =
  "it uses TypeScript that is more than types (an enum, a namespace with values or a parameter property). " +
  "Node runs it with the types taken out, so write plain objects and fields instead";

/** @param file absolute path of the module that was imported */
export function whyUnloadable(cause: unknown, file: string): string {
  const message = messageOf(cause);
  const { code, url } = (typeof cause === "object" && cause !== null ? cause : {}) as { code?: unknown; url?: unknown };
  switch (code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `${NOT_ERASABLE}. ${atSource(cause, file)}${message}`;
    case "ERR_MODULE_NOT_FOUND":
      // It may as well be something that the module imports.
      return url === pathToFileURL(file).href ? "no such file" : message;
    default:
      return cause instanceof SyntaxError
        ? `it cannot be parsed: ${atSource(cause, file)}${message}`
        : `it threw while loading: ${atThrow(cause, file)}${message}`;
  }
}

function atThrow(cause: unknown, file: string): string {
  const position = positionInModule(cause, file);
  return position === undefined ? "" : `${position}: `;
}

/**
 * Where the source is at fault: the engine puts `file:line`, the line itself and a mark under the fault before the stack.
 */
function atSource(cause: unknown, file: string): string {
  if (!(cause instanceof Error) || typeof cause.stack !== "string") return "";
  const [place = "", ...lines] = cause.stack.split("\n");
  const found = /^(.+):(\d+)$/.exec(place);
  if (found === null) return "";
  const [, named = "", line = ""] = found;
  const where = named.startsWith("file:") ? fileURLToPath(named) : named;
  const mark = lines.slice(0, 4).find((text) => /^\s*\^+\s*$/.test(text));
  const column = mark === undefined ? "" : `:${mark.indexOf("^") + 1}`;
  return `${path.relative(path.dirname(file), where).replaceAll(path.sep, "/")}:${line}${column}: `;
}
