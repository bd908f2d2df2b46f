/** Gives complete parts their own names, so that each is to be seen whole or not at all. */
import { link, rename, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { makeFolders, syncFolder } from "./durable-files.ts";
import { errnoOf } from "./errors.ts";
import type { PartRecord } from "./part-record.ts";
import { mapSideBySide } from "./side-by-side.ts";
import { type FileTarget, removeIfPresent } from "./target.ts";

/** Errors with which file systems say that they know no second name for a file. */
const UNLINKABLE = new Set(["EPERM", "ENOTSUP", "ENOSYS", "EMLINK", "EOPNOTSUPP"]);

/**
 * Publishes parts that are remembered as `publishing`; again, after a crash in the middle, as often as need be.
 *
 * Of a part whose unfinished file is gone only `again` tells that it was published before: somebody may have taken it.
 */
export class PartPublisher {
  readonly #target: FileTarget;
  readonly #folders = new Set<string>();

  constructor(target: FileTarget) {
    this.#target = target;
  }

  /** Puts parts in the place of whatever has their names. */
  async replace(records: readonly PartRecord[], again: boolean): Promise<void> {
    await this.#makeFolders(records);
    await mapSideBySide(records, async (record) => {
      const { partial, file } = this.#namesOf(record);
      await unlessGone(rename(partial, file), again);
      this.#folders.add(path.dirname(file));
    });
    await this.#syncFolders();
  }

  /**
   * Adds a part beside whatever is there.
   *
   * @returns false when another file has its name already
   */
  async add(record: PartRecord, again: boolean): Promise<boolean> {
    await this.#makeFolders([record]);
    const { partial, file } = this.#namesOf(record);
    try {
      await unlessGone(link(partial, file), again);
    } catch (thrown) {
      if (errnoOf(thrown) === "EEXIST") {
        if (!(await isSameFile(partial, file))) return false;
      } else if (!UNLINKABLE.has(errnoOf(thrown))) throw thrown;
      else if (await exists(file)) return false;
      else await rename(partial, file);
    }
    this.#folders.add(path.dirname(file));
    await this.#syncFolders();
    await removeIfPresent(partial);
    return true;
  }

  /** Removes files of earlier results, by their names below the target's folder, and folders that are empty then. */
  async remove(names: readonly string[]): Promise<void> {
    const files = names.map((name) => path.join(this.#target.folder, name));
    await mapSideBySide(files, removeUnlessFolder);
    for (const folder of new Set(files.map((file) => path.dirname(file)))) await this.#removeEmpty(folder);
  }

  #namesOf(record: PartRecord): { readonly partial: string; readonly file: string } {
    return { partial: this.#target.partialOf(record), file: this.#target.fileOf(record.number, record.partition) };
  }

  async #makeFolders(records: readonly PartRecord[]): Promise<void> {
    const folders = new Set(records.map((record) => path.dirname(this.#namesOf(record).file)));
    await makeFolders([...folders]);
  }

  async #syncFolders(): Promise<void> {
    const folders = [...this.#folders];
    this.#folders.clear();
    await mapSideBySide([...new Set([...folders, this.#target.folder])], syncFolder);
  }

  /** Removes a folder and those above it as long as they hold nothing; what stays is made durable. */
  async #removeEmpty(folder: string): Promise<void> {
    let at = folder;
    while (at.length > this.#target.folder.length && (await removedIfEmpty(at))) at = path.dirname(at);
    await unlessGone(syncFolder(at), true);
  }
}

async function unlessGone(doing: Promise<void>, mayBeGone: boolean): Promise<void> {
  try {
    await doing;
  } catch (thrown) {
    if (!mayBeGone || errnoOf(thrown) !== "ENOENT") throw thrown;
  }
}

/** A folder of that name is not what was published. */
async function removeUnlessFolder(file: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isDirectory() !== true) await removeIfPresent(file);
}

async function removedIfEmpty(folder: string): Promise<boolean> {
  try {
    await rmdir(folder);
    return true;
  } catch (thrown) {
    return errnoOf(thrown) === "ENOENT"; // else it holds something that is not ours
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)]);
  return a.ino === b.ino && a.dev === b.dev;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
