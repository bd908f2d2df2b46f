/** Finds the files that a source's paths, globs and folders name. */
import { accessSync, constants, type Dirent, type Stats, statSync } from "node:fs";
import { glob, lstat, readdir } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { describeErrno, errnoOf } from "./errors.ts";
import { nearMiss } from "./near-miss.ts";
import { mapInSlices } from "./slices.ts";

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
 * A path that exists is that file even if it looks like a glob. A folder stands for all files in it, without those of its
 * own folders; hidden files (`.name`) are passed over there as they are by a glob, and so are folders that a glob meets.
 *
 * @throws MillraceError SOURCE_NOT_FOUND with what was probably meant, when a path or glob finds nothing
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
  if (looksLikeGlob(pattern) && !(await exists(literal))) return await locateGlob(pattern, baseDir);
  if (!(await exists(literal))) throw await notFound(pattern, baseDir);
  const stats = look(pattern, literal);
  if (stats.isDirectory()) return await locateFolder(pattern, literal);
  assertRegular(pattern, stats);
  return [{ name: path.normalize(pattern), path: literal }];
}

async function locateGlob(pattern: string, baseDir: string): Promise<readonly FoundFile[]> {
  const base = path.resolve(baseDir);
  await assertReadable(path.dirname(pattern), base);
  const entries = glob(pattern, { cwd: base, withFileTypes: true });
  const files = await regularFiles(await Array.fromAsync(entries), (entry) => {
    const file = path.join(entry.parentPath, entry.name);
    return { name: path.isAbsolute(pattern) ? file : path.relative(base, file), path: file };
  });
  if (files.length === 0) throw await notFound(pattern, baseDir);
  return files;
}

/** A glob takes a folder that may not be read for an empty one, and records would be missing without a word. */
async function assertReadable(folder: string, base: string): Promise<void> {
  const folders = looksLikeGlob(folder) ? await foldersOf(folder, base) : [folder];
  for (const name of folders) {
    try {
      accessSync(path.resolve(base, name), constants.R_OK | constants.X_OK);
    } catch (thrown) {
      if (!isAbsent(thrown)) throw unreadable(`the folder ${name}`, thrown);
    }
  }
}

async function foldersOf(pattern: string, base: string): Promise<readonly string[]> {
  const entries = await Array.fromAsync(glob(pattern, { cwd: base, withFileTypes: true }));
  const folders = entries.filter((entry) => entry.isDirectory());
  return folders.map(({ parentPath, name }) => path.relative(base, path.join(parentPath, name)));
}

async function locateFolder(pattern: string, folder: string): Promise<readonly FoundFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((thrown: unknown) => {
    throw unreadable(pattern, thrown);
  });
  const shown = entries.filter(({ name }) => !name.startsWith("."));
  const files = await regularFiles(shown, ({ name }) => ({
    name: path.join(pattern, name),
    path: path.join(folder, name),
  }));
  if (files.length > 0) return files;
  throw new MillraceError("SOURCE_NOT_FOUND", `source.path: the folder ${pattern} holds no files`);
}

/** Folders are passed over; the system is asked only where the folder's list does not tell what an entry is. */
async function regularFiles(
  entries: readonly Dirent[],
  fileOf: (entry: Dirent) => FoundFile,
): Promise<readonly FoundFile[]> {
  const files = await mapInSlices(entries, (entry) => {
    const file = fileOf(entry);
    if (entry.isDirectory()) return undefined;
    if (entry.isFile() && !isGarbled(entry.name)) return file;
    const stats = look(file.name, file.path);
    if (stats.isDirectory()) return undefined;
    assertRegular(file.name, stats);
    return file;
  });
  return files.filter((file) => file !== undefined);
}

function looksLikeGlob(pattern: string): boolean {
  return /[*?[{]|[!+@]\(/.test(pattern);
}

async function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    (thrown: unknown) => !isAbsent(thrown),
  );
}

function isAbsent(thrown: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errnoOf(thrown));
}

function look(name: string, file: string): Stats {
  try {
    return statSync(file);
  } catch (thrown) {
    throw unreadable(name, thrown);
  }
}

function unreadable(name: string, cause: unknown): MillraceError {
  const why = errnoOf(cause) === "ENOENT" ? missing(name) : describeErrno(cause);
  return new MillraceError("SOURCE_FAILED", `source.path: ${name} cannot be read: ${why}`, { cause });
}

/** What a name's bytes do not say in UTF-8 comes as U+FFFD, and then it opens nothing. */
function isGarbled(name: string): boolean {
  return name.includes("\uFFFD");
}

/** It was there a moment ago. */
function missing(name: string): string {
  return isGarbled(name) ? "its name is not valid UTF-8; rename it" : "it is a symbolic link to nothing";
}

/** Opening a pipe would wait for its writer, and none of these can be read again from a position. */
function assertRegular(name: string, stats: Stats): void {
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
