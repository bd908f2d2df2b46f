/** The file source: every file is one split, read at explicit positions so that any of its bytes can be a start. */
import { type FileHandle, open } from "node:fs/promises";
import { abortError } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Position } from "../../core/position.ts";
import type { BoundSource, ByteReader, SourceConnector, SourceContext, SplitPlan } from "../../core/ports/source.ts";
import { toSourceError } from "./errors.ts";
import { differenceFrom, parseFingerprint } from "./fingerprint.ts";
import { lookAt, planSplit } from "./head.ts";
import { type FoundFile, locateFiles } from "./locate.ts";
import type { FileSourceOptions } from "./options.ts";
import { mapSideBySide } from "./side-by-side.ts";

/** Reads files. Compression and `incremental` are refused until they are built. */
export const fileSource: SourceConnector<FileSourceOptions> = { resolve };

async function resolve(options: FileSourceOptions, context: SourceContext): Promise<BoundSource> {
  if (options.incremental) {
    throw new MillraceError("NOT_BUILT", "source.incremental: reading only what is new is not built yet; leave it out");
  }
  const patterns = typeof options.path === "string" ? [options.path] : options.path;
  const files = await locateFiles(patterns, context.baseDir);
  const splits = await mapSideBySide(files, (file) => planSplit(file, options.compression, context));
  return new FileSet(labelOf(patterns, files.length), files, splits);
}

function labelOf(patterns: readonly string[], files: number): string {
  return files === 1 && patterns.length === 1 ? patterns.join() : `${patterns.join(", ")} (${files} files)`;
}

class FileSet implements BoundSource {
  readonly label: string;
  readonly splits: readonly SplitPlan[];
  readonly #paths: ReadonlyMap<string, string>;

  constructor(label: string, files: readonly FoundFile[], splits: readonly SplitPlan[]) {
    this.label = label;
    this.splits = splits;
    this.#paths = new Map(files.map(({ name, path }) => [name, path]));
  }

  async open(split: SplitPlan, from: Position, signal: AbortSignal): Promise<ByteReader> {
    const path = this.#paths.get(split.id);
    const offset = Number(from.token);
    if (path === undefined || !Number.isSafeInteger(offset)) {
      throw new MillraceError(
        "SOURCE_CHANGED",
        `${split.id} is no longer among the files of ${this.label}; ${RESTART}`,
      );
    }
    const handle = await openFile(path, split.id);
    try {
      await assertUnchanged(handle, split, offset);
    } catch (thrown) {
      await handle.close();
      throw toSourceError(thrown, `reading ${split.id}`);
    }
    return new FileReader(handle, split.id, offset, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held between resolving and opening.
  }
}

const RESTART = "bring it back, or begin again with --restart";

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (thrown) {
    throw toSourceError(thrown, `opening ${name}`);
  }
}

/** @throws MillraceError SOURCE_CHANGED */
async function assertUnchanged(handle: FileHandle, split: SplitPlan, offset: number): Promise<void> {
  if (split.fingerprint === undefined) return;
  const known = parseFingerprint(split.fingerprint);
  const difference = differenceFrom(known, await lookAt(handle, known.bytes), offset);
  if (difference === undefined) return;
  throw new MillraceError("SOURCE_CHANGED", `${split.id} has changed since this run began: ${difference}; ${RESTART}`);
}

class FileReader implements ByteReader {
  readonly kind = "bytes";
  readonly #handle: FileHandle;
  readonly #name: string;
  readonly #signal: AbortSignal;
  #offset: number;

  constructor(handle: FileHandle, name: string, offset: number, signal: AbortSignal) {
    this.#handle = handle;
    this.#name = name;
    this.#offset = offset;
    this.#signal = signal;
  }

  async read(into: Uint8Array): Promise<number> {
    if (this.#signal.aborted) throw abortError(this.#signal);
    try {
      const { bytesRead } = await this.#handle.read(into, 0, into.byteLength, this.#offset);
      this.#offset += bytesRead;
      return bytesRead;
    } catch (thrown) {
      throw toSourceError(thrown, `reading ${this.#name} at byte ${this.#offset}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
