/** One file being written under its unfinished name. */
import { type FileHandle, open, stat } from "node:fs/promises";
import { toSinkError } from "./errors.ts";
import { writeFully } from "./durable-files.ts";
import { removeIfPresent } from "./target.ts";

/** How far a part is written. */
export interface PartMark {
  readonly bytes: number;
  readonly rows: number;
}

/** A part: it grows, can be cut back to a mark, and is flushed when its unit commits. */
export class Part {
  readonly partial: string;
  readonly file: string;
  readonly #handle: FileHandle;
  #bytes = 0;
  #rows = 0;
  #closed = false;

  private constructor(partial: string, file: string, handle: FileHandle) {
    this.partial = partial;
    this.file = file;
    this.#handle = handle;
  }

  /** Makes the file anew; it takes the permissions of the one that it will replace. */
  static async create(partial: string, file: string): Promise<Part> {
    const mode = await stat(file).then(
      (stats) => stats.mode & 0o777,
      () => 0o666,
    );
    try {
      return new Part(partial, file, await open(partial, "w", mode));
    } catch (thrown) {
      throw toSinkError(thrown, `creating ${partial}`);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  get rows(): number {
    return this.#rows;
  }

  mark(): PartMark {
    return { bytes: this.#bytes, rows: this.#rows };
  }

  /** @throws MillraceError SINK_FAILED when the disk is full, SINK_UNAVAILABLE when trying again may help */
  async append(bytes: Uint8Array, rows: number): Promise<void> {
    try {
      await writeFully(this.#handle, bytes, this.#bytes);
    } catch (thrown) {
      throw toSinkError(thrown, `writing ${this.file}`);
    }
    this.#bytes += bytes.byteLength;
    this.#rows += rows;
  }

  async flush(): Promise<void> {
    try {
      await this.#handle.datasync();
    } catch (thrown) {
      throw toSinkError(thrown, `writing ${this.file}`);
    }
  }

  async cutBack({ bytes, rows }: PartMark): Promise<void> {
    await this.#handle.truncate(bytes);
    this.#bytes = bytes;
    this.#rows = rows;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  async discard(): Promise<void> {
    await this.close();
    await removeIfPresent(this.partial);
  }
}
