/** Reads one file's content from a position on, and holds the file to what it was. */
import type { BigIntStats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { abortError } from "../../core/clock.ts";
import { MillraceError } from "../../core/errors.ts";
import type { ByteReader, SplitPlan } from "../../core/ports/source.ts";
import { type Content, contentOf, isDirect } from "./content.ts";
import { toSourceError } from "./errors.ts";
import { FileBytes, lookAt } from "./file-bytes.ts";
import { differenceFrom, type FileLook, HEAD_BYTES, parseFingerprint } from "./fingerprint.ts";
import type { PlannedFile } from "./head.ts";
import { OpenFile } from "./open-file.ts";

/** Bytes that are skipped at once on the way to a position inside compressed data. */
const SKIP_BYTES = 256 * 1024;

const RESTART = "bring it back, or begin again with --restart";

/**
 * Opens a file's content at an offset.
 *
 * @param split as the run first saw it
 * @throws MillraceError SOURCE_CHANGED when the file is not what the split's fingerprint says, SOURCE_FAILED
 */
export async function openSplit(
  planned: PlannedFile,
  split: SplitPlan,
  offset: number,
  signal: AbortSignal,
): Promise<ByteReader> {
  const { file, layers, size } = planned;
  const small = isDirect(layers) && size <= HEAD_BYTES ? readSmall(file.path, split, offset, signal) : undefined;
  return small ?? (await openLarge(planned, split, offset, signal));
}

/** Reads a small file at once; undefined when it is no longer small. */
function readSmall(path: string, split: SplitPlan, offset: number, signal: AbortSignal): ByteReader | undefined {
  try {
    using opened = new OpenFile(path);
    const look = opened.look(HEAD_BYTES);
    if (look.size > HEAD_BYTES) return undefined;
    assertUnchanged(split, look, offset);
    return new SmallFileReader(look.head.subarray(offset), signal);
  } catch (thrown) {
    throw toSourceError(thrown, `opening ${split.id}`);
  }
}

async function openLarge(
  { file, layers }: PlannedFile,
  split: SplitPlan,
  offset: number,
  signal: AbortSignal,
): Promise<ByteReader> {
  const handle = await openFile(file.path, split.id);
  await using opened = new AsyncDisposableStack();
  opened.defer(() => handle.close());
  try {
    const direct = isDirect(layers);
    const stats = await handle.stat({ bigint: true });
    assertUnchanged(split, await lookAt(handle, stats, HEAD_BYTES), direct ? offset : 0);
    const size = Number(stats.size);
    // What is appended to a growing file meanwhile is left for the next run, or this one might never end.
    const until = split.growing === true && direct ? size : null;
    const bytes = new FileBytes(handle, split.id, { from: direct ? offset : 0, size, until });
    const content = opened.use(contentOf(bytes, split.id, layers));
    if (!direct) await skip(content, split, offset, signal);
    return new LargeFileReader({ handle, split, stats, content, opened: opened.move(), signal });
  } catch (thrown) {
    throw toSourceError(thrown, `reading ${split.id}`);
  }
}

async function openFile(path: string, name: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (thrown) {
    throw toSourceError(thrown, `opening ${name}`);
  }
}

/** @param consumed bytes of it that were taken. @throws MillraceError SOURCE_CHANGED */
function assertUnchanged(split: SplitPlan, look: FileLook, consumed: number): void {
  if (split.fingerprint === undefined) return;
  const difference = differenceFrom(parseFingerprint(split.fingerprint), look, consumed);
  if (difference !== undefined) throw changed(split, difference);
}

function changed({ id, growing }: SplitPlan, difference: string): MillraceError {
  const since = growing === true ? "it was first read" : "this run began";
  return new MillraceError("SOURCE_CHANGED", `${id} has changed since ${since}: ${difference}; ${RESTART}`);
}

/** Inflates once more what was consumed already. */
async function skip(content: Content, split: SplitPlan, offset: number, signal: AbortSignal): Promise<void> {
  const into = new Uint8Array(Math.min(SKIP_BYTES, offset));
  for (let left = offset; left > 0; ) {
    if (signal.aborted) throw abortError(signal);
    const read = await content.read(into.subarray(0, Math.min(left, into.byteLength)));
    left -= read;
    if (read > 0) continue;
    throw changed(split, `it ends at decompressed byte ${offset - left}, and ${offset} were read`);
  }
}

interface FileReaderOptions {
  readonly handle: FileHandle;
  readonly split: SplitPlan;
  /** When it was opened. */
  readonly stats: BigIntStats;
  readonly content: Content;
  readonly opened: AsyncDisposableStack;
  readonly signal: AbortSignal;
}

/** A file that was read whole: it cannot change any more. */
class SmallFileReader implements ByteReader {
  readonly kind = "bytes";
  readonly #signal: AbortSignal;
  #left: Uint8Array;

  constructor(bytes: Uint8Array, signal: AbortSignal) {
    this.#left = bytes;
    this.#signal = signal;
  }

  async read(into: Uint8Array): Promise<number> {
    if (this.#signal.aborted) throw abortError(this.#signal);
    const part = this.#left.subarray(0, into.byteLength);
    into.set(part);
    this.#left = this.#left.subarray(part.byteLength);
    return part.byteLength;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It is closed already.
  }
}

class LargeFileReader implements ByteReader {
  readonly kind = "bytes";
  readonly #options: FileReaderOptions;

  constructor(options: FileReaderOptions) {
    this.#options = options;
  }

  async read(into: Uint8Array): Promise<number> {
    const { content, signal } = this.#options;
    if (signal.aborted) throw abortError(signal);
    const read = await content.read(into);
    if (read === 0) await this.#assertSame();
    return read;
  }

  /** A file that was written to meanwhile may have been written over from its beginning. */
  async #assertSame(): Promise<void> {
    const { handle, split, stats } = this.#options;
    const now = await handle.stat({ bigint: true });
    if (now.mtimeNs === stats.mtimeNs && now.size === stats.size) return;
    assertUnchanged(split, await lookAt(handle, now, HEAD_BYTES), Number(stats.size));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.opened.disposeAsync();
  }
}
