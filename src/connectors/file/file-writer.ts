/** A file sink at work: units append to parts; a unit that fails is cut off again; the end of the run publishes. */
import { rename } from "node:fs/promises";
import { MillraceError } from "../../core/errors.ts";
import type { SinkUnit, SinkWriter, WriteOutcome } from "../../core/ports/sink.ts";
import type { SinkOutput } from "../../core/result.ts";
import { makeFolder, syncFolder } from "./durable-files.ts";
import { toSinkError } from "./errors.ts";
import { Part, type PartMark } from "./part.ts";
import { type RotationLimits, cutIntoParts } from "./rotation.ts";
import type { FileTarget } from "./target.ts";

/** What a writer is made of. */
export interface FileWriterOptions {
  readonly target: FileTarget;
  readonly run: string;
  /** What every part begins with, for the run's output columns. */
  readonly head: (columns: readonly string[] | null) => Uint8Array;
  readonly limits: RotationLimits;
}

const NO_REJECTS: WriteOutcome = { rejects: [] };

/** Where a unit began: what came after is what a rollback takes away. */
interface UnitStart {
  readonly parts: number;
  readonly last: PartMark;
}

/** One run's parts. */
export class FileWriter implements SinkWriter {
  readonly lanes = 1;
  readonly #options: FileWriterOptions;
  /** In order; only those from `#flushed` on are open. The first begins with the first unit. */
  readonly #parts: Part[] = [];
  #flushed = 0;
  #head: Uint8Array = new Uint8Array();
  /** A rollback that failed: what the parts hold is not known any more. */
  #broken: MillraceError | undefined;
  /** Parts that have their names; a `finish` that failed in between goes on there. */
  #published = 0;
  #finished = false;

  private constructor(options: FileWriterOptions) {
    this.#options = options;
  }

  /** Makes the folder and removes what dead runs left in it. */
  static async create(options: FileWriterOptions): Promise<FileWriter> {
    const { target } = options;
    try {
      await makeFolder(target.folder);
      await target.removePartials();
    } catch (thrown) {
      throw toSinkError(thrown, `preparing ${target.folder}`);
    }
    return new FileWriter(options);
  }

  async begin(_mode: "fast" | "careful", columns: readonly string[] | null): Promise<SinkUnit> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#parts.length === 0) await this.#beginFirst(columns);
    const start: UnitStart = { parts: this.#parts.length, last: this.#last().mark() };
    return {
      write: (output) => this.#write(output),
      commit: () => this.#commit(),
      rollback: () => this.#rollback(start),
    };
  }

  async finish(): Promise<void> {
    const { target } = this.#options;
    try {
      if (this.#parts.length === 0) await this.#beginFirst(null);
      if (this.#published === 0) await this.#commit();
      await this.#publish();
      await target.removePartsFrom(this.#parts.length);
      await syncFolder(target.folder);
    } catch (thrown) {
      throw toSinkError(thrown, `publishing ${target.fileOf(0)}`);
    }
    this.#finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#finished) return;
    for (const part of this.#parts) await part.discard();
  }

  async #beginFirst(columns: readonly string[] | null): Promise<void> {
    this.#head = this.#options.head(columns);
    await this.#beginPart();
  }

  async #beginPart(): Promise<void> {
    const { target, run } = this.#options;
    const number = this.#parts.length;
    const part = await Part.create(target.partialOf(number, run), target.fileOf(number));
    try {
      await part.append(this.#head, 0);
    } catch (thrown) {
      await part.discard();
      throw thrown;
    }
    this.#parts.push(part);
  }

  async #write(output: SinkOutput): Promise<WriteOutcome> {
    const cuts = cutIntoParts(output, this.#last(), this.#options.limits, this.#head.byteLength);
    for (const { begin, end, rows, rotate } of cuts) {
      if (rotate) await this.#beginPart();
      await this.#last().append(output.bytes.subarray(begin, end), rows);
    }
    return NO_REJECTS;
  }

  async #commit(): Promise<void> {
    for (const part of this.#parts.slice(this.#flushed)) await part.flush();
    // The last one goes on, those before it are complete.
    for (const part of this.#parts.slice(this.#flushed, -1)) await part.close();
    this.#flushed = this.#parts.length - 1;
  }

  async #rollback({ parts, last }: UnitStart): Promise<void> {
    try {
      for (const part of this.#parts.splice(parts)) await part.discard();
      await this.#last().cutBack(last);
    } catch (thrown) {
      this.#broken = toSinkError(thrown, `taking an unfinished unit back from ${this.#last().file}`);
    }
  }

  async #publish(): Promise<void> {
    for (const part of this.#parts) await part.close();
    for (const { partial, file } of this.#parts.slice(this.#published)) {
      await rename(partial, file);
      this.#published++;
    }
  }

  #last(): Part {
    const last = this.#parts.at(-1);
    if (last === undefined) throw new MillraceError("INVARIANT", "a file sink always has a part under way");
    return last;
  }
}
