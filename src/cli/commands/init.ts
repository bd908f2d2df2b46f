/** `millrace init`: a small project that runs without a database, or a job for a file that is there. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { EXIT } from "../exit-codes.ts";
import { projectFiles } from "../project-template.ts";
import { type CliProcess, columnsOf, painterFor } from "../terminal.ts";
import { usageError } from "../usage-error.ts";

/** The command's options. */
export interface InitFlags {
  readonly from?: string;
  readonly to?: string;
}

type Output = Pick<CliProcess, "stdout" | "env">;

/**
 * Writes a project into `dir`.
 *
 * @throws MillraceError USAGE when a file is already there; then nothing is written
 */
export async function initCommand(dir: string, { from, to }: InitFlags, output: Output): Promise<number> {
  if (from !== undefined) return initFrom(dir, from, to, output);
  if (to !== undefined) throw usageError("--to goes with --from only: which file is to be loaded?");
  const files = Object.entries(projectFiles());
  await writeAll(dir, new Map(files));
  const job = path.join(dir, "job.yaml");
  const written = files.map(([name]) => `  ${path.join(dir, name)}`).join("\n");
  output.stdout.write(`${written}\n\nnext: npx millrace run ${job}\n`);
  return EXIT.done;
}

async function initFrom(dir: string, from: string, to: string | undefined, { stdout, env }: Output): Promise<number> {
  const { projectFrom } = await import("../init/from-file.ts");
  const { renderFound } = await import("../init/render.ts");
  const project = await projectFrom(from, dir, to);
  await writeAll(dir, new Map(project.files.map(({ name, text }) => [name, text])));
  const view = { dir, width: columnsOf(stdout), paint: painterFor(stdout, env) };
  stdout.write(`${renderFound(project, view)}\n`);
  return EXIT.done;
}

/** All or nothing: what stands there already is somebody's work. */
async function writeAll(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  const taken = [...files.keys()].filter((name) => existsSync(path.join(dir, name)));
  if (taken.length > 0) {
    throw usageError(
      `${path.join(dir, ".")}: ${taken.join(", ")} already there, nothing was written; name another folder`,
    );
  }
  for (const [name, text] of files) await write(path.join(dir, name), text);
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    throw MillraceError.from(cause, "USAGE", `cannot write ${file}`);
  }
}
