/** One file being written under its unfinished name. */
import { type FileHandle, open, truncate } from "node:fs/promises";
import type { Codec, Compressor } from "../../core/ports/compression.ts";
import { writeFully } from "./durable-files.ts";
import { toSinkError } from "./errors.ts";
import type { PartRecord, PartState } from "./part-record.ts";
import { removeIfPresent } from "./target.ts";

/** How far a part is written. */
export type PartMark = Pick<PartRecord, "bytes" | "size" | "rows">;

/** What a part is made of. */
export interface PartOptions {
  /** Its unfinished name. */
  readonly partial: string;
  /** Its name when it is complete, for messages. */
  readonly file: string;
  /** What it is, and how far it is written. */
  readonly record: PartRecord;
  /** null: bytes are written as they come. */
  readonly codec: Codec | null;
}

/**
 * A part: it grows, can be cut back to a mark, and is flushed when its unit commits.
 *
 * A compressed one is a row of members, each closed by a flush, so that it is whole wherever it is cut back to. Its file
 * is opened when it is needed and can be closed in between.
 */
export class Part {
  readonly partial: string;
  readonly #file: string;
  readonly #record: PartRecord;
  readonly #codec: Codec | null;
  #handle: FileHandle | null = null;
  #compressor: Compressor | null = null;
  /** Whether a member has begun that no flush has closed. */
  #inMember = false;
  #bytes: number;
  #size: number;
  #rows: number;

  constructor({ partial, file, record, codec }: PartOptions) {
    this.partial = partial;
    this.#file = file;
    this.#record = record;
    this.#codec = codec;
    ({ bytes: this.#bytes, size: this.#size, rows: this.#rows } = record);
  }

  /** Makes the file; there must be none. @throws MillraceError SINK_REFUSED, SINK_FAILED, SINK_UNAVAILABLE */
  async create(mode: number): Promise<void> {
    await this.#doing("creating", async () => {
      this.#handle = await open(this.partial, "wx", mode);
    });
  }

  /** Bytes before compression. */
  get size(): number {
    return this.#size;
  }

  get rows(): number {
    return this.#rows;
  }

  get begun(): number {
    return this.#record.begun;
  }

  /** What is to be remembered of it; it has to be flushed before. */
  record(state: PartState): PartRecord {
    return { ...this.#record, bytes: this.#bytes, size: this.#size, rows: this.#rows, state };
  }

  /** @throws MillraceError SINK_FAILED when the disk is full, SINK_UNAVAILABLE when trying again may help */
  async append(bytes: Uint8Array, rows: number): Promise<void> {
    await this.#doing("writing", async () => {
      if (this.#codec === null) {
        await this.#write(bytes);
      } else {
        this.#compressor ??= this.#codec.compressor();
        this.#inMember = true;
        for (const ready of await this.#compressor.write(bytes)) await this.#write(ready);
      }
    });
    this.#size += bytes.byteLength;
    this.#rows += rows;
  }

  /** Closes the member and makes everything durable. @throws MillraceError as {@link append} */
  async flush(): Promise<void> {
    await this.#doing("writing", async () => {
      if (this.#codec !== null && (this.#inMember || this.#bytes === 0)) {
        // Nothing at all is no compressed file; an empty member is one.
        this.#compressor ??= this.#codec.compressor();
        for (const ready of await this.#compressor.end()) await this.#write(ready);
        this.#inMember = false;
      }
      await (await this.#opened()).datasync();
    });
  }

  /** Takes back what came behind a mark that a flush had made durable. */
  async cutBack({ bytes, size, rows }: PartMark): Promise<void> {
    this.#compressor?.[Symbol.dispose]();
    this.#compressor = null;
    this.#inMember = false;
    await (this.#handle === null ? truncate(this.partial, bytes) : this.#handle.truncate(bytes));
    [this.#bytes, this.#size, this.#rows] = [bytes, size, rows];
  }

  /** Lets go of the file; what is written next opens it again. */
  async close(): Promise<void> {
    this.#compressor?.[Symbol.dispose]();
    this.#compressor = null;
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async discard(): Promise<void> {
    await this.close();
    await removeIfPresent(this.partial);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await writeFully(await this.#opened(), bytes, this.#bytes);
    this.#bytes += bytes.byteLength;
  }

  async #opened(): Promise<FileHandle> {
    this.#handle ??= await open(this.partial, "r+");
    return this.#handle;
  }

  async #doing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      throw toSinkError(thrown, `${what} ${this.#file}`);
    }
  }
}
