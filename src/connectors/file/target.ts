/** Where a file sink writes: the names of its parts, of their unfinished forms, and which of them are left over. */
import { hash } from "node:crypto";
import { constants } from "node:fs";
import { access, readdir, realpath, stat, unlink } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import { errnoOf, toSinkError } from "./errors.ts";

/** Digits of a part's number, so that names sort as numbers do. */
const PART_DIGITS = 5;
const PART = "{part}";
const PARTITION = "{partition}";

/** Bytes that a name may have on every usual file system. */
const MAX_NAME_BYTES = 255;
/** Bytes left for the label in the name of an unfinished part, beside run, epoch and slot. */
const MAX_LABEL_BYTES = 150;

/** What makes the name of an unfinished part one writer's alone. */
export interface PartialName {
  readonly run: string;
  /** Raised whenever another process takes the sink over. */
  readonly epoch: number;
  /** The part's own number among all that the run has begun. */
  readonly slot: number;
}

/** The place of a sink's files. */
export class FileTarget {
  /** The deepest folder that all files share, absolute; unfinished parts lie in it. */
  readonly folder: string;
  /** Whether the result is many files, numbered. */
  readonly parted: boolean;
  readonly partitioned: boolean;
  /** Below `folder`. */
  readonly #template: string;

  /** @param file absolute, with its placeholders */
  constructor(file: string) {
    const segments = file.split(path.sep);
    const first = segments.findIndex((segment) => segment.includes(PARTITION));
    const depth = first === -1 ? segments.length - 1 : first;
    this.folder = segments.slice(0, depth).join(path.sep) || path.sep;
    this.#template = segments.slice(depth).join(path.sep);
    this.parted = path.basename(file).includes(PART);
    this.partitioned = first !== -1;
  }

  /**
   * Looks at the place. A link is followed, so that it still is one when the file behind it has been replaced.
   *
   * @param spelled the path as the job spells it; `{part}` may stand in its last part, `{partition}` anywhere
   * @throws MillraceError SINK_REFUSED when nothing can be written there
   */
  static async at(spelled: string, baseDir: string, option: string): Promise<FileTarget> {
    const file = path.resolve(baseDir, spelled);
    if (path.dirname(file).includes(PART)) {
      throw new MillraceError(
        "CONFIG_INVALID",
        `${option}: {part} can only stand in the file's name, not in a folder's`,
      );
    }
    const target = new FileTarget(await realpath(file).catch(() => file));
    const what = `${option}: ${spelled}`;
    if (!target.parted && !target.partitioned) await assertReplaceable(target.fileOf(), what);
    await assertWritable(target.folder, what);
    return target;
  }

  /** What stands between the fields of a partition, and how long each may be. */
  get partitionNames(): { readonly separator: "/" | ","; readonly maxBytes: number } {
    const around = this.#template.split(path.sep).filter((segment) => segment.includes(PARTITION));
    const rest = around.map((segment) => segment.replace(PARTITION, "").replaceAll(PART, "0".repeat(2 * PART_DIGITS)));
    const longest = Math.max(0, ...rest.map((text) => Buffer.byteLength(text)));
    return { separator: longest === 0 ? "/" : ",", maxBytes: MAX_NAME_BYTES - longest };
  }

  /** The path of a part when it is complete; all parts of a partition are the same file where there are no numbers. */
  fileOf(part = 0, partition = ""): string {
    return path.join(this.folder, this.nameOf(part, partition));
  }

  /** The same, below {@link folder}. */
  nameOf(part: number, partition: string): string {
    const number = String(part).padStart(PART_DIGITS, "0");
    // A function: a value may hold what a replacement text would read as a pattern.
    return this.#template.replaceAll(PARTITION, () => partition).replaceAll(PART, number);
  }

  /** Its path until then: hidden from `*`, on the same file system so that publishing is one step. */
  partialOf({ run, epoch, slot }: PartialName): string {
    return path.join(this.folder, `.${this.#label()}.${run}.${epoch}.${slot}.partial`);
  }

  /** What writers of this target left unfinished. */
  async partials(): Promise<readonly { readonly file: string; readonly run: string; readonly epoch: number }[]> {
    const own = new RegExp(`^\\.${RegExp.escape(this.#label())}\\.(?<run>[\\w-]+)\\.(?<epoch>\\d+)\\.\\d+\\.partial$`);
    return (await namesIn(this.folder)).flatMap((name) => {
      const { run, epoch } = own.exec(name)?.groups ?? {};
      return run === undefined ? [] : [{ file: path.join(this.folder, name), run, epoch: Number(epoch) }];
    });
  }

  /** The number behind the highest one of the parts that are there, whoever wrote them. */
  async nextPart(partition: string): Promise<number> {
    const example = path.basename(this.nameOf(0, partition));
    const pattern = path
      .basename(this.#template)
      .replaceAll(PARTITION, () => partition)
      .split(PART)
      .map((text) => RegExp.escape(text));
    const [first = "", second = "", ...others] = pattern;
    const own = new RegExp(`^${first}(?<part>\\d{${PART_DIGITS},})${[second, ...others].join("\\k<part>")}$`);
    const names = await namesIn(path.dirname(this.fileOf(0, partition)));
    const numbers = names.map((name) => Number(own.exec(name)?.groups?.["part"] ?? -1));
    return this.parted
      ? numbers.reduce((highest, number) => Math.max(highest, number), -1) + 1
      : Number(names.includes(example));
  }

  #label(): string {
    const label = path.basename(this.#template);
    if (Buffer.byteLength(label) <= MAX_LABEL_BYTES) return label;
    return hash("sha256", label).slice(0, 32);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return [];
    throw thrown;
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

/** Renaming onto a folder fails, onto a device or pipe it would replace it. */
async function assertReplaceable(file: string, what: string): Promise<void> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined || stats.isFile()) return;
  const kind = stats.isDirectory()
    ? "a folder; name a file in it"
    : "a device or pipe, which a finished file cannot replace; name a file";
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
