/** Tells two versions of a job apart. */
import { stat } from "node:fs/promises";
import type { Job } from "../config/job.ts";

/** Equal texts: what it says, with its values filled in, and the module of its transform are the same. Holds secrets. */
export async function jobVersion({ definition: _definition, ...said }: Job): Promise<string> {
  const { module } = said.transform ?? {};
  return JSON.stringify([said, module === undefined ? null : await fileMark(module)]);
}

async function fileMark(file: string): Promise<string> {
  return await stat(file).then(
    ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
    () => "",
  );
}
