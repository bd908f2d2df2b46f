/** Loads the modules that a job file names as its source or sinks, before the job is read. */
import { access } from "node:fs/promises";
import path from "node:path";
import { definitionOf } from "../core/ports/connector.ts";
import { messageOf } from "../core/thrown.ts";
import type { JobDefinition } from "./definition.ts";
import { type ImportOptions, importModule } from "./import-module.ts";
import { valueAt, withValueAt } from "./place.ts";
import { type Finding, locate, problemsError } from "./problem.ts";
import { sinkPaths } from "./sink-places.ts";

/**
 * The same definition with the connectors in the places of their paths.
 *
 * @throws MillraceError CONFIG_INVALID for a module that is not there, does not load or exports no connector
 */
export async function loadModules(definition: JobDefinition, options: ImportOptions): Promise<JobDefinition> {
  const findings: Finding[] = [];
  let { config } = definition;
  for (const at of [["source"], ...sinkPaths(config)]) {
    const file = valueAt(config, [...at, "module"]);
    if (valueAt(config, [...at, "type"]) !== "module" || typeof file !== "string" || file === "") continue;
    const place = [...at, "module"];
    const loaded = await loadConnector({
      file,
      baseDir: definition.baseDir,
      side: at[0] === "source" ? "source" : "sink",
      options,
    });
    if (typeof loaded === "string")
      findings.push({ code: "CONFIG_INVALID", path: place, at: "value", message: loaded });
    else config = withValueAt(config, place, loaded);
  }
  if (findings.length > 0) {
    throw problemsError(findings.map((finding) => locate(finding, definition.label, definition.places)));
  }
  return { ...definition, config };
}

interface NamedConnector {
  /** As the job spells it. */
  readonly file: string;
  readonly baseDir: string;
  readonly side: "source" | "sink";
  readonly options: ImportOptions;
}

/** The connector, or what is wrong. */
async function loadConnector({ file, baseDir, side, options }: NamedConnector): Promise<object | string> {
  const absolute = path.resolve(baseDir, file);
  // Asked first: an import that fails does not always say whether the module itself was missing or one that it imports.
  if (!(await isThere(absolute))) return `no file ${file} in ${baseDir}`;
  const define = side === "source" ? "defineSource" : "defineSink";
  try {
    const module = await importModule<{ readonly [name: string]: unknown }>(absolute, options);
    const connector = definitionOf(module[side], side);
    return connector ?? `${file} exports no connector as ${side}; write: export const ${side} = ${define}({...})`;
  } catch (thrown) {
    return `${file} does not load: ${messageOf(thrown)}`;
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
