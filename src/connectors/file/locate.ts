/** Finds the files that a source's paths and globs name. */
import type { BigIntStats } from "node:fs";
import { glob, lstat, stat } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { mapSideBySide } from "./side-by-side.ts";
import { describeErrno, errnoOf } from "./errors.ts";
import { nearMiss } from "./near-miss.ts";

/** A regular file that is to be read. */
export interface FoundFile {
  /** Its path as the job spells it, or as its glob found it. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

/**
 * Every file that is named, once each, in name order.
 *
 * A path that exists is that file even if it looks like a glob. Folders that a glob meets are passed over.
 *
 * @throws MillraceError SOURCE_NOT_FOUND with what was probably meant, when a path or glob finds nothing or names a folder
 * @throws MillraceError SOURCE_FAILED for pipes, devices, links without an end and what may not be read
 */
export async function locateFiles(patterns: readonly string[], baseDir: string): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  for (const pattern of patterns) {
    for (const file of await locate(pattern, baseDir)) {
      if (!found.has(file.path)) found.set(file.path, file);
    }
  }
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function locate(pattern: string, baseDir: string): Promise<readonly FoundFile[]> {
  const literal = path.resolve(baseDir, pattern);
  if (!looksLikeGlob(pattern) || (await exists(literal))) {
    await assertFile(pattern, literal, baseDir);
    return [{ name: path.normalize(pattern), path: literal }];
  }
  const names = await Array.fromAsync(glob(pattern, { cwd: baseDir }));
  const files = await mapSideBySide(names, async (name) => {
    const file = { name: path.normalize(name), path: path.resolve(baseDir, name) };
    const stats = await look(file.name, file.path);
    if (stats.isDirectory()) return undefined;
    assertRegular(file.name, stats);
    return file;
  });
  const regular = files.filter((file) => file !== undefined);
  if (regular.length === 0) throw await notFound(pattern, baseDir);
  return regular;
}

function looksLikeGlob(pattern: string): boolean {
  return /[*?[{]|[!+@]\(/.test(pattern);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  );
}

async function assertFile(pattern: string, file: string, baseDir: string): Promise<void> {
  if (!(await exists(file))) throw await notFound(pattern, baseDir);
  const stats = await look(pattern, file);
  if (stats.isDirectory()) {
    const glob = path.posix.join(pattern, "*");
    throw new MillraceError("SOURCE_NOT_FOUND", `source.path: ${pattern} is a folder; name its files: ${glob}`);
  }
  assertRegular(pattern, stats);
}

async function look(name: string, file: string): Promise<BigIntStats> {
  try {
    return await stat(file, { bigint: true });
  } catch (thrown) {
    const broken = errnoOf(thrown) === "ENOENT" ? "it is a symbolic link to nothing" : describeErrno(thrown);
    throw new MillraceError("SOURCE_FAILED", `source.path: ${name} cannot be read: ${broken}`, { cause: thrown });
  }
}

/** Opening a pipe would wait for its writer, and none of these can be read again from a position. */
function assertRegular(name: string, stats: BigIntStats): void {
  if (stats.isFile()) return;
  const kind = stats.isFIFO() ? "a pipe" : stats.isSocket() ? "a socket" : "a device";
  throw new MillraceError(
    "SOURCE_FAILED",
    `source.path: ${name} is ${kind}: a run could not go on in the middle of it; copy its data into a file first`,
  );
}

async function notFound(pattern: string, baseDir: string): Promise<MillraceError> {
  const hint = await nearMiss(pattern, baseDir);
  return new MillraceError("SOURCE_NOT_FOUND", `source.path: no file matches ${pattern}\n  ${hint}`);
}
