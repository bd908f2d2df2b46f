/**
 * A disk under test: every step that changes it can be the last one, by the end of the process or by a power cut that
 * takes away everything that was not made durable.
 *
 * Put it in the place of `node:fs/promises` with `vi.mock`; what is real about it stays real.
 */
import { linkSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import type * as FsPromises from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import path from "node:path";

type Fs = typeof FsPromises;

/** How it ends: the step is not taken, or it is the last one taken. */
export type End = { readonly step: number; readonly when: "before" | "after"; readonly power: "stays" | "fails" };

/** What everything fails with once the process is dead. */
export class DeadProcess extends Error {}

/** Something that a power cut takes back until the folder is synced. */
interface Entry {
  readonly folder: string;
  readonly undo: () => void;
}

export class BrittleDisk {
  /** Steps taken so far, by name: `rename a b`. */
  readonly steps: string[] = [];
  end: End | null = null;
  dead = false;
  #entries: Entry[] = [];
  /** Bytes that are durable, by the path of a file that was written since its last sync. */
  readonly #durable = new Map<string, number>();
  #backups = 0;
  readonly #handles = new Set<FileHandle>();
  /** Where what is replaced or removed is kept, outside of what is looked at. */
  backupFolder = "";

  /** A new process on the same disk. */
  async restart(): Promise<void> {
    for (const handle of this.#handles) await handle.close();
    this.#handles.clear();
    this.dead = false;
    this.end = null;
    this.steps.length = 0;
    this.#entries = [];
    this.#durable.clear();
  }

  /** Takes a step, unless the process dies before or after it. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new DeadProcess(name);
    this.steps.push(name);
    const { end } = this;
    const last = end !== null && this.steps.length - 1 === end.step;
    if (last && end.when === "before") this.#die(end, name);
    const result = await work();
    // Others may have been under way beside it.
    if (this.dead) throw new DeadProcess(name);
    if (last) this.#die(end, name);
    return result;
  }

  wrap(real: Fs): Fs {
    const of = (file: unknown): string => path.basename(String(file));
    return {
      ...real,
      open: async (file, flags, mode) => {
        const makes = String(flags).startsWith("w");
        const doing = async (): Promise<FileHandle> => {
          const opened = await real.open(file, flags, mode);
          this.#handles.add(opened);
          return opened;
        };
        const handle = await (makes ? this.step(`create ${of(file)}`, doing) : this.#alive(doing));
        if (makes) this.#made(String(file));
        return this.#wrapHandle(handle, String(file));
      },
      rename: (from, to) => this.step(`rename ${of(to)}`, async () => this.#rename(real, String(from), String(to))),
      link: (from, to) =>
        this.step(`link ${of(to)}`, async () => {
          await real.link(from, to);
          this.#made(String(to));
        }),
      unlink: (file) => this.step(`unlink ${of(file)}`, () => this.#unlink(real, String(file))),
      copyFile: (from, to, mode) =>
        this.step(`copy ${of(to)}`, async () => {
          await real.copyFile(from, to, mode);
          this.#made(String(to));
          this.#durable.set(String(to), 0);
        }),
      truncate: (file, length) => this.step(`truncate ${of(file)}`, () => real.truncate(file, length)),
    };
  }

  #wrapHandle(handle: FileHandle, file: string): FileHandle {
    const isFolder = statSync(file).isDirectory();
    const { write, truncate, close } = handle;
    const name = path.basename(file);
    // What this disk calls durable is; waiting for the real one would only take time.
    const synced = async (): Promise<void> => {
      if (isFolder) this.#entries = this.#entries.filter(({ folder }) => folder !== file);
      else this.#durable.delete(file);
    };
    Object.assign(handle, {
      close: () => {
        this.#handles.delete(handle);
        return close.call(handle);
      },
      write: (...args: Parameters<typeof write>) =>
        this.step(`write ${name}`, () => {
          if (!this.#durable.has(file)) this.#durable.set(file, statSync(file).size);
          return write.apply(handle, args);
        }),
      datasync: () => this.step(`sync ${name}`, synced),
      sync: () => this.step(isFolder ? "sync folder" : `sync ${name}`, synced),
      truncate: (length: number) => this.step(`truncate ${name}`, () => truncate.call(handle, length)),
    });
    return handle;
  }

  async #alive<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new DeadProcess();
    return await work();
  }

  async #rename(real: Fs, from: string, to: string): Promise<void> {
    const backup = this.#backup(to);
    await real.rename(from, to);
    const durable = this.#durable.get(from);
    this.#durable.delete(from);
    if (durable !== undefined) this.#durable.set(to, durable);
    this.#entries.push({
      folder: path.dirname(to),
      undo: () => {
        renameSync(to, from);
        if (backup !== null) renameSync(backup, to);
      },
    });
  }

  async #unlink(real: Fs, file: string): Promise<void> {
    const backup = this.#backup(file);
    await real.unlink(file);
    if (backup !== null) this.#entries.push({ folder: path.dirname(file), undo: () => renameSync(backup, file) });
  }

  /** Keeps what a name stands for; null: there is nothing. */
  #backup(file: string): string | null {
    const backup = path.join(this.backupFolder, String(this.#backups++));
    try {
      linkSync(file, backup);
      return backup;
    } catch {
      return null;
    }
  }

  #made(file: string): void {
    this.#entries.push({ folder: path.dirname(file), undo: () => rmSync(file, { force: true }) });
  }

  #die({ power }: End, name: string): never {
    this.dead = true;
    if (power === "fails") {
      for (const [file, size] of this.#durable) truncateSync(file, Math.min(size, statSync(file).size));
      for (const { undo } of this.#entries.toReversed()) undo();
    }
    throw new DeadProcess(name);
  }
}
