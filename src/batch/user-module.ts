/** The module whose functions do the work; loaded in each thread, and in the calling one where that is quicker. */
import { MillraceError } from "../core/errors.ts";
import { messageOf } from "../core/thrown.ts";

/** `export default (item, index, resources) => result` */
export type ItemFunction = (item: unknown, index: number, resources: unknown) => unknown;

/** `export const mapChunk = (items, index, resources) => results` */
export type ChunkFunction = (items: readonly unknown[], index: number, resources: unknown) => unknown;

/** What a module exports. */
export interface Mapper {
  readonly item: ItemFunction | undefined;
  /** Goes before `item` when it is there. */
  readonly chunk: ChunkFunction | undefined;
  readonly setup: (() => unknown) | undefined;
  readonly teardown: ((resources: unknown) => unknown) | undefined;
}

/**
 * Loads a module.
 *
 * @param name the export that works on one item; `default` also allows `mapChunk`
 * @throws MillraceError TRANSFORM_UNLOADABLE
 */
export async function loadMapper(url: string, name: string): Promise<Mapper> {
  const exports = await load(url);
  const [item, chunk] = [functionOf(exports, name), name === "default" ? functionOf(exports, "mapChunk") : undefined];
  if (item === undefined && chunk === undefined) {
    throw new MillraceError(
      "TRANSFORM_UNLOADABLE",
      `${url}: no function is exported as ${name === "default" ? "default or mapChunk" : name}. ` +
        "Write: export default (item, index) => result",
    );
  }
  return { item, chunk, setup: functionOf(exports, "setup"), teardown: functionOf(exports, "teardown") };
}

async function load(url: string): Promise<{ readonly [name: string]: unknown }> {
  try {
    return (await import(url)) as { readonly [name: string]: unknown };
  } catch (cause) {
    const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
    const why =
      code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX"
        ? "it uses TypeScript that is more than types (an enum, a namespace with values or a parameter property); " +
          "Node runs it with the types taken out, so write plain objects and fields instead"
        : messageOf(cause);
    throw new MillraceError("TRANSFORM_UNLOADABLE", `${url}: ${why}`, { cause });
  }
}

function functionOf(
  exports: { readonly [name: string]: unknown },
  name: string,
): ((...given: unknown[]) => unknown) | undefined {
  const found = exports[name];
  return typeof found === "function" ? (found as (...given: unknown[]) => unknown) : undefined;
}
