/** One look at the files that a job's paths name: a listing, and each file's state. */
import { stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { isMillraceError, MillraceError } from "../../core/errors.ts";
import { messageOf } from "../../core/thrown.ts";
import type { FileState } from "./file-mark.ts";

/**
 * Finds the files that a path, a glob or a folder names, as the source does.
 *
 * @returns absolute paths
 * @throws MillraceError SOURCE_NOT_FOUND when there are none
 */
export type ListFiles = (pattern: string) => Promise<readonly string[]>;

/** Files that are asked for at once: asked one by one, half of the time goes into waiting for an answer. */
const AT_ONCE = 16;

/**
 * The files that are there, by their absolute paths. What is not there yet, or any more, is no fault.
 *
 * The system is asked beside the calling thread, so that a network file system that hangs stops nobody else.
 *
 * @throws MillraceError SOURCE_FAILED for what may not be read
 */
export async function lookAt(patterns: readonly string[], list: ListFiles): Promise<ReadonlyMap<string, FileState>> {
  const files = new Map<string, FileState>();
  for (const pattern of patterns) {
    const paths = (await listed(pattern, list)).filter((path) => !files.has(path));
    for (let from = 0; from < paths.length; from += AT_ONCE) {
      const some = paths.slice(from, from + AT_ONCE);
      const states = await Promise.all(some.map(stateOf));
      for (const [index, state] of states.entries()) if (state !== null) files.set(some[index] ?? "", state);
    }
    await setImmediate();
  }
  return files;
}

async function listed(pattern: string, list: ListFiles): Promise<readonly string[]> {
  try {
    return await list(pattern);
  } catch (thrown) {
    if (isMillraceError(thrown, "SOURCE_NOT_FOUND")) return [];
    throw thrown;
  }
}

async function stateOf(path: string): Promise<FileState | null> {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return { size, mtimeMs, inode: ino };
  } catch (thrown) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(thrown))) return null;
    throw new MillraceError("SOURCE_FAILED", `source.path: ${path} cannot be looked at: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}
