/**
 * Rejects in a file of JSON lines.
 *
 * While the run works they stand under a hidden name beside the file; every end of the run, also a failed one, gives
 * them the file's name. A run that goes on takes them back and drops those whose records it will read again.
 */
import { constants } from "node:fs";
import { copyFile, type FileHandle, open, rename } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import type { CommittedRejects, RejectStore } from "../../core/ports/reject-store.ts";
import { type Reject, rejectToJson } from "../../core/reject.ts";
import { makeFolders, readFully, renameDurably, syncFolder, writeFully } from "./durable-files.ts";
import { errnoOf, toSinkError } from "./errors.ts";
import { copyCommitted } from "./committed-rejects.ts";
import { linesBackwards } from "./lines-backwards.ts";
import { LINE_HEAD_BYTES, type RejectPlace, parseRejectPlace } from "./reject-line.ts";
import { type FileSinkOptions, compressionOfPath, formatOfPath } from "./options.ts";
import { FileTarget, removeIfPresent } from "./target.ts";

/** Whose rejects, and where relative paths start from. */
export interface RejectFileContext {
  readonly run: string;
  readonly baseDir: string;
}

/**
 * Opens the rejects file of a run. A run that goes on calls `resume` before anything else; one that does not replaces
 * the file of earlier runs when it publishes.
 *
 * @throws MillraceError CONFIG_INVALID for a path of parts or a format other than JSON lines
 * @throws MillraceError SINK_REFUSED when nothing can be written there
 */
export async function openRejectFile(
  options: Pick<FileSinkOptions, "path"> & Partial<FileSinkOptions>,
  { run, baseDir }: RejectFileContext,
): Promise<RejectStore> {
  const { path: spelled, format = formatOfPath(spelled) ?? "jsonl" } = options;
  if (format !== "jsonl")
    throw new MillraceError("CONFIG_INVALID", `rejects: ${spelled}: rejects are written as jsonl`);
  const target = await FileTarget.at(spelled, baseDir, "rejects.path");
  assertPlain(options);
  if (target.parted || target.partitioned) {
    throw new MillraceError(
      "CONFIG_INVALID",
      `rejects.path: ${spelled}: rejects are one file, without {part} and {partition}`,
    );
  }
  try {
    await makeFolders([target.folder]);
    // Those of the run itself are taken up when it goes on.
    for (const partial of await target.partials()) if (partial.run !== run) await removeIfPresent(partial.file);
  } catch (thrown) {
    throw toSinkError(thrown, `rejects.path: ${spelled}`);
  }
  return new RejectFile(target, run);
}

/** @throws MillraceError CONFIG_INVALID for what only a sink's own files can be */
function assertPlain({
  path: spelled,
  compression,
  mode,
  rotate,
  partitionBy,
  columns,
}: Parameters<typeof openRejectFile>[0]): void {
  const given = [
    compression !== undefined && compression !== "none" ? "compression" : null,
    compressionOfPath(spelled) === "none" ? null : "path",
    mode === "append" ? "mode" : null,
    rotate === undefined ? null : "rotate",
    partitionBy === undefined ? null : "partitionBy",
    columns === undefined ? null : "columns",
  ].find((key) => key !== null);
  if (given === undefined) return;
  const what = given === "path" ? `${spelled}: name a plain file` : "leave it out";
  throw new MillraceError("CONFIG_INVALID", `rejects.${given}: rejects are one plain file of JSON lines; ${what}`);
}

class RejectFile implements RejectStore {
  readonly #run: string;
  /** The name at the ends of the run. */
  readonly #file: string;
  /** The name until then. */
  readonly #partial: string;
  /** The name of what is to replace that. */
  readonly #rewritten: string;
  #handle: FileHandle | undefined;
  /** Whether the hidden file is this process's, so that opening it again must not empty it. */
  #begun = false;
  #published = false;
  /** Bytes of whole, durable lines. */
  #length = 0;

  constructor(target: FileTarget, run: string) {
    this.#run = run;
    this.#file = target.fileOf();
    this.#partial = target.partialOf({ run, epoch: 0, slot: 0 });
    this.#rewritten = target.partialOf({ run, epoch: 0, slot: 1 });
  }

  async append(rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    const lines = Buffer.from(`${rejects.map(rejectToJson).join("\n")}\n`);
    await this.#doing("writing", async () => {
      const handle = await this.#opened();
      // After a write that failed half-way the next one begins where this one did.
      await writeFully(handle, lines, this.#length);
      await handle.datasync();
      this.#length += lines.byteLength;
    });
  }

  async resume(committed: CommittedRejects): Promise<void> {
    await this.#doing("taking up", async () => {
      await this.#close();
      const handle = (await this.#openPartial()) ?? (await this.#takeBack());
      if (handle === undefined) return;
      [this.#handle, this.#begun] = [handle, true];
      await (committed.inOrder ? this.#cut(handle, committed) : this.#rewrite(handle, committed));
    });
  }

  async publish(): Promise<void> {
    if (this.#published) return;
    await this.#doing("publishing", async () => {
      const handle = await this.#opened();
      // What a failed append left behind the last whole line.
      await handle.truncate(this.#length);
      await handle.sync();
      await this.#close();
      await renameDurably(this.#partial, this.#file);
      this.#published = true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  async #opened(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    this.#handle = await open(this.#partial, this.#begun ? "r+" : "w+");
    if (!this.#begun) await syncFolder(path.dirname(this.#partial));
    this.#begun = true;
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /** What a killed process left. */
  async #openPartial(): Promise<FileHandle | undefined> {
    return openIfPresent(this.#partial);
  }

  /** What an earlier process of this run published at its end. */
  async #takeBack(): Promise<FileHandle | undefined> {
    const handle = await openIfPresent(this.#file);
    if (handle === undefined) return undefined;
    const first = await readPlace(handle, 0, LINE_HEAD_BYTES);
    if (first?.run === this.#run) {
      await rename(this.#file, this.#partial);
      return handle;
    }
    await handle.close();
    return undefined;
  }

  /** Rejects are appended in the order of the commits, so those that never were committed stand at the end. */
  async #committedLength(handle: FileHandle, committed: CommittedRejects): Promise<number> {
    const { size } = await handle.stat();
    for await (const { begin, end, complete } of linesBackwards(handle, size)) {
      if (!complete) continue;
      const place = await readPlace(handle, begin, end);
      if (place === undefined) throw foreignLine(this.#partial, begin);
      if (place.ordinal < committed.before(place.split, undefined)) return end;
    }
    return 0;
  }

  async #cut(handle: FileHandle, committed: CommittedRejects): Promise<void> {
    const length = await this.#committedLength(handle, committed);
    await copyFile(this.#partial, this.#rewritten, constants.COPYFILE_FICLONE);
    await this.#goOnIn(await open(this.#rewritten, "r+"), async (kept) => {
      await kept.truncate(length);
      return length;
    });
  }

  /** Rejects of several sinks stand among each other, so what was never committed may stand anywhere. */
  async #rewrite(handle: FileHandle, committed: CommittedRejects): Promise<void> {
    const fill = (kept: FileHandle): Promise<number> => copyCommitted(handle, kept, committed, this.#partial);
    await this.#goOnIn(await open(this.#rewritten, "w+"), fill);
  }

  /**
   * Puts a file of its own in the place of the one that was taken up: a process that was taken for dead may wake up and
   * go on writing into that one.
   *
   * @param fill gives the bytes that are to be kept
   */
  async #goOnIn(kept: FileHandle, fill: (kept: FileHandle) => Promise<number>): Promise<void> {
    try {
      this.#length = await fill(kept);
      await kept.sync();
      await renameDurably(this.#rewritten, this.#partial);
    } catch (thrown) {
      await kept.close();
      throw thrown;
    }
    await this.#close();
    this.#handle = kept;
  }

  async #doing(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      throw toSinkError(thrown, `${what} the rejects in ${this.#file}`);
    }
  }
}

async function openIfPresent(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, "r+");
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

async function readPlace(handle: FileHandle, begin: number, end: number): Promise<RejectPlace | undefined> {
  const head = Buffer.alloc(Math.min(end - begin, LINE_HEAD_BYTES));
  const bytesRead = await readFully(handle, head, begin);
  return parseRejectPlace(head.toString("utf8", 0, bytesRead));
}

function foreignLine(file: string, at: number): MillraceError {
  return new MillraceError(
    "SINK_REFUSED",
    `${file}: what stands at byte ${at} is no reject of millrace; move the file away and begin again with --restart`,
  );
}
