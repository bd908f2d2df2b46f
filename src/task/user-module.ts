/** Loads a user's transform module: the function that its mode calls, and what stands beside it. */
import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../core/errors.ts";
import type { TransformMode, TransformSpec } from "../core/task.ts";
import { whyUnloadable } from "./module-failure.ts";
import type { Route } from "./route.ts";
import { isStandardSchema, type StandardSchema } from "../core/standard-schema.ts";

/** The user's function; what it is given and what it has to give depends on the mode. */
export type UserFunction = (input: unknown, context: unknown) => unknown;

/** A module as it was found. */
export interface UserModule {
  /** Its real path, for telling the user's own lines. */
  readonly file: string;
  readonly mode: TransformMode;
  readonly transform: UserFunction;
  readonly schema: StandardSchema | null;
  readonly validate: UserFunction | null;
  readonly route: Route | null;
  readonly setup: ((context: unknown) => unknown) | null;
  readonly teardown: ((context: unknown) => unknown) | null;
}

type Exports = { readonly [name: string]: unknown };

/** The export that a mode calls unless the job names another one, and how one is written. */
const FUNCTIONS: { readonly [M in TransformMode]: { readonly name: string; readonly example: string } } = {
  record: { name: "default", example: "export default (record, context) => record" },
  chunk: { name: "transformChunk", example: "export const transformChunk = (records, context) => records" },
  columns: {
    name: "transformColumns",
    example: "export const transformColumns = ({ columns }, context) => ({ columns })",
  },
  async: { name: "default", example: "export default async (record, context) => record" },
};

/** In this order a mode is looked for when the job names none; async cannot be told from record by a name. */
const TOLD_BY_NAME = ["record", "chunk", "columns"] as const;

/**
 * Imports the module and picks out what the run calls.
 *
 * @throws MillraceError TRANSFORM_UNLOADABLE when it cannot be loaded, exports no function for its mode, functions for two
 *   modes where the job names none, or something else under a name that has a meaning
 */
export async function loadUserModule(spec: TransformSpec): Promise<UserModule> {
  const exports = await importModule(spec.module);
  const mode = spec.mode ?? modeOf(spec, exports);
  const wanted = spec.export ?? FUNCTIONS[mode].name;
  const transform = exports[wanted];
  if (typeof transform !== "function") throw noFunction(spec, mode, wanted, exports);
  const { schema = null } = exports;
  if (schema !== null && !isStandardSchema(schema)) {
    throw unloadable(spec, "the export `schema` is no Standard Schema, as zod, valibot and arktype make them");
  }
  return {
    file: await realpath(spec.module),
    mode,
    transform: transform as UserFunction,
    schema,
    validate: optional(spec, exports, "validate", '(record) => record.quantity > 0 || "no quantity"'),
    route: optional(spec, exports, "route", '(output) => "archive"'),
    setup: optional(spec, exports, "setup", "async (context) => resources"),
    teardown: optional(spec, exports, "teardown", "async ({ resources }) => {}"),
  };
}

/** A job that names no mode means the one whose function is there. */
function modeOf(spec: TransformSpec, exports: Exports): TransformMode {
  if (spec.export !== null) return "record";
  const found = TOLD_BY_NAME.filter((mode) => typeof exports[FUNCTIONS[mode].name] === "function");
  if (found.length < 2) return found[0] ?? "record";
  const names = found.map((mode) => `\`${FUNCTIONS[mode].name}\``).join(" and ");
  throw unloadable(spec, `it exports ${names}: set transform.mode to ${found.join(" or ")}`);
}

function optional<F>(spec: TransformSpec, exports: Exports, name: string, example: string): F | null {
  const found = exports[name] ?? null;
  if (found === null || typeof found === "function") return found as F | null;
  throw unloadable(spec, `the export \`${name}\` is no function. Write: export const ${name} = ${example}`);
}

function noFunction({ module }: TransformSpec, mode: TransformMode, wanted: string, exports: Exports): MillraceError {
  // What Node adds to a CommonJS module, which a file without import and export is.
  const added = "module.exports" in exports ? ["default", "module.exports"] : [];
  const found = Object.keys(exports).filter((name) => !added.includes(name));
  const { name, example } = FUNCTIONS[mode];
  return new MillraceError(
    "TRANSFORM_UNLOADABLE",
    `${module}: no function is exported as \`${wanted}\`${mode === "record" ? "" : `, which mode ${mode} calls`}; ` +
      (found.length === 0 ? "the module exports nothing" : `it exports ${found.join(", ")}`) +
      (wanted === name ? `. Write: ${example}` : ""),
  );
}

function unloadable({ module }: TransformSpec, why: string): MillraceError {
  return new MillraceError("TRANSFORM_UNLOADABLE", `${basename(module)}: ${why}`);
}

async function importModule(file: string): Promise<Exports> {
  try {
    return (await import(pathToFileURL(file).href)) as Exports;
  } catch (cause) {
    throw new MillraceError("TRANSFORM_UNLOADABLE", `${file}: ${whyUnloadable(cause, file)}`, { cause });
  }
}
