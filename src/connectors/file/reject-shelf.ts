/** The rejects in a file of JSON lines, to be looked at and tried again. A reject's number is that of its line. */
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";
import { MillraceError } from "../../core/errors.ts";
import {
  isMeant,
  type RejectCause,
  type RejectFilter,
  type RejectReader,
  type StoredReject,
} from "../../core/ports/reject-shelf.ts";
import { type Reject, rejectFromJson, rejectToJson } from "../../core/reject.ts";
import { groupByCause } from "../reject-causes.ts";
import { renameDurably, writeFully } from "./durable-files.ts";
import { errnoOf, toSinkError } from "./errors.ts";
import type { FileSinkOptions } from "./options.ts";
import { FileTarget, removeIfPresent } from "./target.ts";

/** What is written at once when the file is made anew. */
const BLOCK_BYTES = 1024 * 1024;

/** A rejects file as its last run published it. */
export class RejectFileShelf implements RejectReader {
  readonly label: string;
  readonly #options: Pick<FileSinkOptions, "path">;
  readonly #baseDir: string;

  /** @param baseDir where relative paths start from */
  constructor(options: Pick<FileSinkOptions, "path">, baseDir: string) {
    this.label = options.path;
    this.#options = options;
    this.#baseDir = baseDir;
  }

  /** In the order of the lines. */
  async listRejects({
    after = 0,
    limit,
    ...filter
  }: RejectFilter & { readonly after?: number; readonly limit: number }): Promise<readonly StoredReject[]> {
    const found: StoredReject[] = [];
    for await (const reject of this.matching(filter)) {
      if (reject.id > after && found.push(reject) >= limit) break;
    }
    return found;
  }

  groupRejects(filter: RejectFilter): Promise<readonly RejectCause[]> {
    return groupByCause(this.matching(filter), filter);
  }

  /**
   * All that a filter means, read once from the beginning.
   *
   * @throws MillraceError SINK_REFUSED for a line that is no reject
   */
  async *matching(filter: RejectFilter): AsyncGenerator<StoredReject, void, undefined> {
    const target = await this.#target();
    for await (const reject of rejectsOf(target.fileOf())) if (isMeant(reject, filter)) yield reject;
  }

  /**
   * Makes the file anew, in one step; lines keep their order. A file that is not there stays so.
   *
   * @param change what becomes of a reject: none where it goes
   * @throws MillraceError SINK_REFUSED, SINK_FAILED
   */
  async rewrite(run: string, change: (reject: Reject) => readonly Reject[]): Promise<void> {
    const target = await this.#target();
    const file = target.fileOf();
    const rewritten = target.partialOf({ run, epoch: 0, slot: 2 });
    try {
      await removeIfPresent(rewritten);
      const handle = await open(rewritten, "wx");
      try {
        if (!(await copyChanged(file, handle, change))) return;
        await handle.sync();
      } finally {
        await handle.close();
      }
      await renameDurably(rewritten, file);
    } catch (thrown) {
      throw toSinkError(thrown, `rewriting the rejects in ${file}`);
    } finally {
      await removeIfPresent(rewritten);
    }
  }

  #target(): Promise<FileTarget> {
    return FileTarget.at(this.#options.path, this.#baseDir, "rejects.path");
  }
}

/** @returns false where no file is, or nothing in it changed */
async function copyChanged(
  file: string,
  to: FileHandle,
  change: (reject: Reject) => readonly Reject[],
): Promise<boolean> {
  let lines: string[] = [];
  let [waiting, length, changed] = [0, 0, false];
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(lines.join(""));
    await writeFully(to, bytes, length);
    length += bytes.byteLength;
    [lines, waiting] = [[], 0];
  };
  for await (const { id: _line, ...reject } of rejectsOf(file)) {
    const becomes = change(reject);
    changed ||= becomes.length !== 1 || becomes[0] !== reject;
    for (const one of becomes) {
      const line = `${rejectToJson(one)}\n`;
      lines.push(line);
      waiting += line.length;
    }
    if (waiting >= BLOCK_BYTES) await flush();
  }
  await flush();
  return changed;
}

async function* rejectsOf(file: string): AsyncGenerator<StoredReject, void, undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (thrown) {
    if (errnoOf(thrown) === "ENOENT") return;
    throw toSinkError(thrown, `reading the rejects in ${file}`);
  }
  await using _open = handle;
  let id = 0;
  // Only a line feed ends a line: a reject's text may hold any other line end.
  let rest = "";
  for await (const part of handle.createReadStream({ encoding: "utf8", autoClose: false })) {
    const lines = `${rest}${String(part)}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield parse(line, ++id, file);
  }
}

function parse(line: string, id: number, file: string): StoredReject {
  try {
    return { ...rejectFromJson(line), id };
  } catch (cause) {
    throw new MillraceError(
      "SINK_REFUSED",
      `${path.basename(file)}:${id}: this line is no reject of millrace; take it out, or move the file away`,
      { cause },
    );
  }
}
