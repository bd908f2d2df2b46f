/** `init --from`: looks at a file and makes the files of a job for it. */
import { existsSync } from "node:fs";
import path from "node:path";
import { fixtureText } from "./fixture-text.ts";
import { inferSource, type InferredSource } from "./infer.ts";
import { namesFor, type ProjectNames } from "./project-name.ts";
import { jobText, type ProjectPlan, tableText, transformText } from "./project-texts.ts";
import { parseTarget, relativePath, type Target } from "./target.ts";

/** A job that is ready to be written. */
export interface InferredProject {
  readonly source: InferredSource;
  readonly names: ProjectNames;
  readonly target: Target;
  /** Texts by path in the folder, with what each is for. */
  readonly files: readonly ProjectFile[];
}

/** One file of a project. */
export interface ProjectFile {
  readonly name: string;
  readonly text: string;
  readonly about: string;
}

/**
 * Makes the job for a file.
 *
 * @param dir folder that it will be written into
 * @param to `--to`; records go into a file beside the job when absent
 * @throws MillraceError USAGE, SOURCE_NOT_FOUND, SOURCE_FAILED
 */
export async function projectFrom(file: string, dir: string, to: string | undefined): Promise<InferredProject> {
  const names = namesFor(file);
  const target: Target = to === undefined ? { type: "file", path: `out/${names.job}.jsonl` } : parseTarget(to, dir);
  const source = await inferSource(file);
  const plan: ProjectPlan = { source, dataPath: relativePath(dir, file), names, target };
  const files = [
    { name: `${names.job}.yaml`, text: jobText(plan), about: "the job" },
    { name: `${names.job}.ts`, text: transformText(plan), about: "what is done with each record; nothing yet" },
    { name: `${names.job}.sql`, text: tableText(plan), about: "a table for Postgres that takes them" },
    { name: `${names.job}.test.jsonl`, text: fixtureText(source), about: "records to test the transform with" },
    ...packageFile(dir),
  ];
  return { source, names, target, files };
}

/** Without one around, Node would have to guess that the transform is a module, and warns of it. */
function packageFile(dir: string): ProjectFile[] {
  for (let at = path.resolve(dir); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "package.json"))) return [];
    if (at === path.dirname(at)) break;
  }
  return [
    {
      name: "package.json",
      text: '{\n  "private": true,\n  "type": "module"\n}\n',
      about: "marks the transform as a module",
    },
  ];
}
