/** Loads a user's transform module and says in plain words why one cannot be used. */
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../core/errors.ts";
import type { TransformSpec } from "../core/task.ts";
import { messageOf } from "../core/thrown.ts";
import { positionInModule } from "./stack-position.ts";
import type { TransformContext } from "./transform-context.ts";

/** A transform in record mode: null filters, an array gives several records, undefined is an error. */
export type RecordTransform = (record: unknown, context: TransformContext) => unknown;

/** Exports that later releases give a meaning to; ignoring them silently would be wrong. */
const RESERVED_EXPORTS = ["schema", "validate", "route", "setup", "teardown", "transformChunk"] as const;

/**
 * Imports the module and returns its transform.
 *
 * @throws MillraceError TRANSFORM_UNLOADABLE when it cannot be loaded or exports no function of that name
 * @throws MillraceError NOT_BUILT when it exports something this release would have to ignore
 */
export async function loadTransform(spec: TransformSpec): Promise<RecordTransform> {
  const exports = await importModule(spec.module);
  const reserved = RESERVED_EXPORTS.find((name) => name in exports && name !== spec.export);
  if (reserved !== undefined) {
    const name = basename(spec.module);
    throw new MillraceError("NOT_BUILT", `${name}: the export \`${reserved}\` is not built in this release; remove it`);
  }
  const transform = exports[spec.export];
  if (typeof transform !== "function") throw noFunction(spec, exports);
  return transform as RecordTransform;
}

function noFunction({ module, export: wanted }: TransformSpec, exports: object): MillraceError {
  // What Node adds to a CommonJS module, which a file without import and export is.
  const added = "module.exports" in exports ? ["default", "module.exports"] : [];
  const found = Object.keys(exports).filter((name) => !added.includes(name));
  return new MillraceError(
    "TRANSFORM_UNLOADABLE",
    `${module}: no function is exported as \`${wanted}\`; ` +
      (found.length === 0 ? "the module exports nothing" : `it exports ${found.join(", ")}`) +
      (wanted === "default" ? ". Write: export default (record, context) => record" : ""),
  );
}

async function importModule(file: string): Promise<{ readonly [name: string]: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { readonly [name: string]: unknown };
  } catch (cause) {
    throw new MillraceError("TRANSFORM_UNLOADABLE", `${file}: ${whyUnloadable(cause, file)}`, { cause });
  }
}

function whyUnloadable(cause: unknown, file: string): string {
  const message = messageOf(cause);
  const { code, url } = (typeof cause === "object" && cause !== null ? cause : {}) as { code?: unknown; url?: unknown };
  switch (code) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return (
        "it uses TypeScript that is more than types (an enum, a namespace with values or a parameter property). " +
        `Node runs it with the types taken out, so write plain objects and fields instead. ${message}`
      );
    case "ERR_MODULE_NOT_FOUND":
      // It may as well be something that the module imports.
      return url === pathToFileURL(file).href ? "no such file" : message;
    default:
      return cause instanceof SyntaxError ? `it cannot be parsed: ${message}` : threwWhileLoading(cause, message, file);
  }
}

function threwWhileLoading(cause: unknown, message: string, file: string): string {
  const position = positionInModule(cause, file);
  return `it threw while loading: ${position === undefined ? message : `${position}: ${message}`}`;
}
