/** Imports modules that config files name or are. */
import { stat } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** How modules are imported. */
export interface ImportOptions {
  /**
   * Imports what stands in the file now, though an earlier text of it was imported before; of what it imports itself the
   * earlier one stays. Each text is kept until the process ends, so this is for reloads by people, not for loops.
   */
  readonly fresh?: boolean;
}

/** The module's exports. */
export async function importModule<Exports>(file: string, { fresh = false }: ImportOptions = {}): Promise<Exports> {
  const url = pathToFileURL(path.resolve(file));
  if (fresh) url.search = `changed=${(await stat(file)).mtimeMs}`;
  return (await import(url.href)) as Exports;
}
