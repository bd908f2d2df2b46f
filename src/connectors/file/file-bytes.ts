/** The bytes of an open file, read at explicit positions so that any of them can be a start. */
import type { BigIntStats } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { MillraceError } from "../../core/errors.ts";
import type { ByteInput } from "../../core/ports/compression.ts";
import { readFully } from "./durable-files.ts";
import { toSourceError } from "./errors.ts";
import type { FileLook } from "./fingerprint.ts";

/** A file's inode, size and first bytes. */
export async function lookAt(handle: FileHandle, stats: BigIntStats, bytes: number): Promise<FileLook> {
  const size = Number(stats.size);
  const head = new Uint8Array(Math.min(bytes, size));
  return { head: head.subarray(0, await readFully(handle, head, 0)), inode: String(stats.ino), size };
}

/** The stretch of a file to be read. */
export interface FileStretch {
  readonly from: number;
  /** Bytes that the file had when it was opened: it may not end before. */
  readonly size: number;
  /** Where reading ends whatever is appended meanwhile; null: at the end that the file then has. */
  readonly until: number | null;
}

/** Reads a stretch from its start to its end. */
export class FileBytes implements ByteInput {
  readonly #handle: FileHandle;
  readonly #name: string;
  readonly #size: number;
  readonly #until: number;
  #offset: number;

  constructor(handle: FileHandle, name: string, { from, size, until }: FileStretch) {
    this.#handle = handle;
    this.#name = name;
    this.#offset = from;
    this.#size = size;
    this.#until = until ?? Number.POSITIVE_INFINITY;
  }

  /** @throws MillraceError SOURCE_FAILED, SOURCE_CHANGED when the file became shorter than it was */
  async read(into: Uint8Array): Promise<number> {
    const wanted = Math.min(into.byteLength, this.#until - this.#offset);
    if (wanted <= 0) return 0;
    const bytesRead = await this.#readAt(into, wanted);
    this.#offset += bytesRead;
    if (bytesRead === 0 && this.#offset < this.#size) throw await this.#shortened();
    return bytesRead;
  }

  async #readAt(into: Uint8Array, wanted: number): Promise<number> {
    try {
      const { bytesRead } = await this.#handle.read(into, 0, wanted, this.#offset);
      return bytesRead;
    } catch (thrown) {
      throw toSourceError(thrown, `reading ${this.#name} at byte ${this.#offset}`);
    }
  }

  async #shortened(): Promise<MillraceError> {
    const { size } = await this.#handle.stat();
    return new MillraceError(
      "SOURCE_CHANGED",
      `${this.#name} was shortened while it was read: it had ${this.#size} bytes and has ${size} now; ` +
        "what was committed stays. Bring it back, or begin again with --restart",
    );
  }
}
