/** Where a file sink writes: the names of its parts, of their unfinished forms, and which of them are left over. */
import { constants } from "node:fs";
import { access, readdir, realpath, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { errnoOf, toSinkError } from "./errors.ts";

/** Digits of a part's number, so that names sort as numbers do. */
const PART_DIGITS = 5;

const PART = "{part}";

/** The place of a sink's files. */
export class FileTarget {
  /** Folder of the files, absolute. */
  readonly folder: string;
  /** Whether the result is many files. */
  readonly parted: boolean;
  readonly #name: string;

  private constructor(file: string) {
    this.folder = path.dirname(file);
    this.#name = path.basename(file);
    this.parted = this.#name.includes(PART);
  }

  /**
   * Looks at the place. A link is followed, so that it still is one when the file behind it has been replaced.
   *
   * @param spelled the path as the job spells it; `{part}` may stand in its last part
   * @throws MillraceError SINK_REFUSED when nothing can be written there
   */
  static async at(spelled: string, baseDir: string, option: string): Promise<FileTarget> {
    const file = path.resolve(baseDir, spelled);
    const target = new FileTarget(await realpath(file).catch(() => file));
    if (target.folder.includes(PART)) {
      throw new MillraceError(
        "CONFIG_INVALID",
        `${option}: {part} can only stand in the file's name, not in a folder's`,
      );
    }
    const what = `${option}: ${spelled}`;
    if (!target.parted) await assertReplaceable(target.fileOf(0), what);
    await assertWritable(target.folder, what);
    return target;
  }

  /** The path of a part when it is complete; all parts are the same file where there are no numbers. */
  fileOf(part: number): string {
    return path.join(this.folder, this.#nameOf(part));
  }

  /** Its path until then: hidden from `*`, in the same folder so that renaming is one step. */
  partialOf(part: number, run: string): string {
    return path.join(this.folder, `.${this.#nameOf(part)}.${run}.partial`);
  }

  /** Removes what runs of this target left unfinished, save for the run `kept`. */
  async removePartials(kept?: string): Promise<void> {
    const names = await this.#names();
    const own = new RegExp(`^\\.${this.#pattern()}\\.(?<run>[\\w-]+)\\.partial$`);
    const left = names.filter((name) => {
      const run = own.exec(name)?.groups?.["run"];
      return run !== undefined && run !== kept;
    });
    await this.#remove(left);
  }

  /** Removes complete parts from number `from` on: those of an earlier, longer result. */
  async removePartsFrom(from: number): Promise<void> {
    if (!this.parted) return;
    const own = new RegExp(`^${this.#pattern()}$`);
    const names = await this.#names();
    await this.#remove(names.filter((name) => Number(own.exec(name)?.groups?.["part"] ?? -1) >= from));
  }

  #nameOf(part: number): string {
    return this.#name.replaceAll(PART, String(part).padStart(PART_DIGITS, "0"));
  }

  /** Of the names of complete files, as a regular expression. */
  #pattern(): string {
    const [first = "", ...rest] = this.#name.split(PART).map((text) => RegExp.escape(text));
    const [second, ...others] = rest;
    if (second === undefined) return first;
    return `${first}(?<part>\\d{${PART_DIGITS},})${[second, ...others].join("\\k<part>")}`;
  }

  async #names(): Promise<readonly string[]> {
    try {
      return await readdir(this.folder);
    } catch (thrown) {
      if (errnoOf(thrown) === "ENOENT") return [];
      throw thrown;
    }
  }

  async #remove(names: readonly string[]): Promise<void> {
    for (const name of names) await removeIfPresent(path.join(this.folder, name));
  }
}

/** Removes a file; one that is gone already is no fault. */
export async function removeIfPresent(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT") throw thrown;
  }
}

/** Renaming onto a folder fails, onto a device it would replace the device. */
async function assertReplaceable(file: string, what: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return;
  const kind = stats.isDirectory() ? "a folder; name a file in it" : "no regular file and cannot be replaced";
  throw new MillraceError("SINK_REFUSED", `${what} is ${kind}`);
}

/** The folder, or where it will be made, must take new files. */
async function assertWritable(folder: string, what: string): Promise<void> {
  try {
    const stats = await stat(folder);
    if (!stats.isDirectory()) throw new MillraceError("SINK_REFUSED", `${what}: ${folder} is no folder`);
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    if (errnoOf(thrown) !== "ENOENT" || path.dirname(folder) === folder)
      throw toSinkError(thrown, `${what}: in ${folder}`);
    await assertWritable(path.dirname(folder), what);
  }
}
