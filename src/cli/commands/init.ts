/** `millrace init`: a small project that runs without a database. */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { existsSync } from "node:fs";
import { MillraceError } from "../../core/errors.ts";
import { EXIT } from "../exit-codes.ts";
import { refuseLater } from "../options.ts";
import { projectFiles } from "../project-template.ts";
import type { CliProcess } from "../terminal.ts";

/** The command's options. */
export interface InitFlags {
  readonly from?: string;
  readonly to?: string;
}

/**
 * Writes the project into `dir`.
 *
 * @throws MillraceError USAGE when a file is already there; then nothing is written
 */
export async function initCommand(
  dir: string,
  flags: InitFlags,
  { stdout }: Pick<CliProcess, "stdout">,
): Promise<number> {
  refuseLater(flags, { from: "init writes a sample project", to: "init writes a sample project" });
  const files = Object.entries(projectFiles());
  const taken = files.map(([name]) => name).filter((name) => existsSync(path.join(dir, name)));
  if (taken.length > 0) {
    throw new MillraceError(
      "USAGE",
      `${path.join(dir, ".")}: ${taken.join(", ")} already there, nothing was written; name another folder`,
    );
  }
  for (const [name, text] of files) await write(path.join(dir, name), text);
  const job = path.join(dir, "job.yaml");
  stdout.write(`${files.map(([name]) => `  ${path.join(dir, name)}`).join("\n")}\n\nnext: npx millrace run ${job}\n`);
  return EXIT.done;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    throw MillraceError.from(cause, "USAGE", `cannot write ${file}`);
  }
}
