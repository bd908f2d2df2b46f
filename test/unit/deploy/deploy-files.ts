/** The files under deploy/, and those beside it that belong to them. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { parseAllDocuments } from "yaml";

export const root = path.resolve(import.meta.dirname, "../../..");

/** The daemon's port, everywhere. */
export const PORT = 9464;

/** The folder that a container and a unit may write, everywhere. */
export const STATE_FOLDER = "/var/lib/millrace";

/** The config that the image's command names. */
export const RUNTIME_FILE = "/etc/millrace/millrace.yaml";

/** What ending may take beyond `shutdown.deadline`: connections that close, the last lines of the log. */
export const MARGIN_MS = 10_000;

export const read = (file: string): string => readFileSync(path.join(root, file), "utf8");

/** The documents of a YAML file, as the part of them that a test looks at. @throws TypeError when one is no YAML */
export function readDocuments<Part>(file: string): readonly Part[] {
  return parseAllDocuments(read(file), { merge: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw new TypeError(`${file}: ${fault.message}`);
    return document.toJS() as Part;
  });
}

/** The only document of a YAML file. */
export function readYaml<Part>(file: string): Part {
  const [first, ...more] = readDocuments<Part>(file);
  if (first === undefined || more.length > 0) throw new TypeError(`${file}: ${more.length + 1} documents, wanted one`);
  return first;
}
