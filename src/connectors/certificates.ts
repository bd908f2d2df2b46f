/** Certificates: as they stand in the config, or in files that it names. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { MillraceError } from "../core/errors.ts";

/** The certificates of an encrypted connection; each may be absent. */
interface Certificates {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** `ssl` as a config has it. */
type GivenSsl = boolean | { readonly [Key in keyof Certificates]?: string | undefined };

/**
 * Reads the files that `ssl` names; what is PEM text already stays as it is.
 *
 * @param option the option's key, for messages
 * @throws MillraceError CONFIG_UNREADABLE naming key and path
 */
export async function readCertificates(
  ssl: GivenSsl,
  baseDir: string,
  option = "ssl",
): Promise<boolean | Certificates> {
  if (typeof ssl === "boolean") return ssl;
  const given = Object.entries(ssl).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const read = given.map(async ([key, value]) => [key, await readPem(`${option}.${key}`, value, baseDir)] as const);
  return Object.fromEntries(await Promise.all(read));
}

async function readPem(key: string, value: string, baseDir: string): Promise<string> {
  if (value.includes("-----BEGIN")) return value;
  try {
    return await readFile(resolve(baseDir, value), "utf8");
  } catch (cause) {
    throw new MillraceError(
      "CONFIG_UNREADABLE",
      `${key}: cannot read ${value}; expected PEM text or the path of a PEM file`,
      { cause },
    );
  }
}
