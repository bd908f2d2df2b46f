/** Makes and takes up the unfinished files of one writer. */
import { constants } from "node:fs";
import { copyFile, stat, truncate } from "node:fs/promises";
import { MillraceError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import type { Codec } from "../../core/ports/compression.ts";
import { errnoOf, toSinkError } from "./errors.ts";
import { Part } from "./part.ts";
import { type PartRecord, writerKey } from "./part-record.ts";
import type { PartMaker } from "./part-series.ts";
import type { RotationLimits } from "./rotation.ts";
import { type FileTarget, removeIfPresent } from "./target.ts";

/** What {@link PartFiles} need. */
export interface PartFilesOptions {
  readonly target: FileTarget;
  readonly run: string;
  readonly epoch: number;
  /** The first slot that no part has had. */
  readonly slot: number;
  readonly codec: Codec | null;
  readonly limits: RotationLimits;
  readonly clock: Clock;
  /** A part begins with what the file of its name holds already. */
  readonly adds: boolean;
}

/**
 * The files of one epoch.
 *
 * A process that was taken for dead may wake up with a file still open and write where it had stopped. So a part is gone
 * on with in the same file only where that process has ended for sure and this one has been written down as the file's
 * writer (`PartRecord.by`); anything else is copied to a file of this epoch, up to the committed length.
 */
export class PartFiles implements PartMaker {
  readonly limits: RotationLimits;
  /** What every part begins with; known once the first unit begins. */
  head: Uint8Array = new Uint8Array();
  readonly #options: PartFilesOptions;
  #slot: number;
  #entriesChanged = false;
  /** Files that a copy has taken the place of; they go once a commit knows the copy. */
  #replaced: string[] = [];

  constructor(options: PartFilesOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#slot = options.slot;
  }

  /** The key of this writer. */
  get by(): string {
    return writerKey(this.#options);
  }

  async begin(partition: string, number: number): Promise<Part> {
    const { target, run, epoch, clock, adds } = this.#options;
    const slot = this.#slot++;
    const file = target.fileOf(number, partition);
    const partial = target.partialOf({ run, epoch, slot });
    const bytes = adds ? await copyContent(file, partial) : 0;
    const record: PartRecord = {
      ...{ run, epoch, slot, partition, number, by: this.by, begun: clock.now(), state: "open" },
      ...{ bytes, size: 0, rows: 0 },
    };
    const part = this.#partOf(record);
    this.#entriesChanged = true;
    if (bytes > 0) return part;
    await part.create(await modeOf(file));
    try {
      if (this.head.byteLength > 0) await part.append(this.head, 0);
    } catch (thrown) {
      await part.discard();
      throw thrown;
    }
    return part;
  }

  async takeUp(record: PartRecord): Promise<Part> {
    const { target, run, epoch } = this.#options;
    const own = record.by === this.by;
    const taken: PartRecord = own ? record : { ...record, run, epoch, by: this.by };
    const part = this.#partOf(taken);
    try {
      if (!own) await this.#copy(target.partialOf(record), part.partial);
      await part.cutBack(record);
    } catch (thrown) {
      throw toSinkError(thrown, `going on in ${target.fileOf(record.number, record.partition)}`);
    }
    return part;
  }

  /** Drops what the file of a part that is gone on with in place holds beyond the part. */
  async cutTail({ bytes, ...name }: PartRecord): Promise<void> {
    await truncate(this.#options.target.partialOf(name), bytes);
  }

  /** Whether a folder's entry was made or changed since this was asked the last time. */
  takeEntriesChanged(): boolean {
    const changed = this.#entriesChanged;
    this.#entriesChanged = false;
    return changed;
  }

  /** A commit has made the copies known: removes what they were made of. */
  async removeReplaced(): Promise<void> {
    for (const file of this.#replaced.splice(0)) await removeIfPresent(file);
  }

  /**
   * Holds the files to what was committed.
   *
   * @throws MillraceError SINK_REFUSED when one is missing or shorter
   */
  async assertWhole({ bytes, number, partition, ...name }: PartRecord): Promise<void> {
    const { target } = this.#options;
    const partial = target.partialOf(name);
    const size = await sizeOf(partial);
    if (size !== undefined && size >= bytes) return;
    const what = size === undefined ? "is gone" : `has ${size} bytes instead of ${bytes}`;
    throw new MillraceError(
      "SINK_REFUSED",
      `${target.fileOf(number, partition)}: what the unfinished run had written of it (${partial}) ${what}; ` +
        "put it back, or begin anew with --restart",
    );
  }

  async #copy(from: string, to: string): Promise<void> {
    await removeIfPresent(to);
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    this.#entriesChanged = true;
    this.#replaced.push(from);
  }

  #partOf(record: PartRecord): Part {
    const { target, codec } = this.#options;
    const file = target.fileOf(record.number, record.partition);
    return new Part({ partial: target.partialOf(record), file, record, codec });
  }
}

/** @returns the bytes copied; 0, and no file is made, where there are none */
async function copyContent(from: string, to: string): Promise<number> {
  if (((await sizeOf(from)) ?? 0) === 0) return 0;
  await removeIfPresent(to);
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  return (await stat(to)).size;
}

/** A part takes the permissions of the file that it will replace. */
async function modeOf(file: string): Promise<number> {
  return stat(file).then(
    (stats) => stats.mode & 0o777,
    () => 0o666,
  );
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).size;
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined;
    throw toSinkError(thrown, `looking at ${file}`);
  }
}
