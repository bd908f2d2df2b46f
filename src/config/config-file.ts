/** Config files as text: YAML and JSON, whatever they configure. */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../core/errors.ts";
import type { WrittenConfig } from "./definition.ts";
import { parseConfig } from "./document.ts";

/** What a config file is written in. */
export type ConfigLanguage = "yaml" | "json";

/** By its extension; undefined for what is neither. */
export function languageOf(file: string): ConfigLanguage | undefined {
  const extension = path.extname(file);
  if (extension === ".json") return "json";
  return extension === ".yaml" || extension === ".yml" ? "yaml" : undefined;
}

/**
 * A file's plain values; relative paths start from its folder.
 *
 * @throws MillraceError CONFIG_UNREADABLE, CONFIG_INVALID
 */
export async function readConfigFile(
  file: string,
  language: ConfigLanguage,
): Promise<WrittenConfig & { readonly file: string }> {
  const absolute = path.resolve(file);
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return { label: file, file: absolute, baseDir: path.dirname(absolute), ...parseConfig(text, file, language) };
}

/** The error of a file that the system does not give. */
export function unreadable(file: string, cause: unknown): MillraceError {
  const { code } = cause as NodeJS.ErrnoException;
  const reasons: { readonly [code: string]: string } = {
    ENOENT: "no such file",
    EACCES: "no permission to read it",
    EISDIR: "is a folder; name a file in it",
  };
  const reason = reasons[code ?? ""] ?? `cannot be read (${code ?? "unknown error"})`;
  return new MillraceError("CONFIG_UNREADABLE", `${file}: ${reason}`, { cause });
}
