/** What a writer finds when it begins: it removes what no commit knows, and makes what was left to it its own. */
import type { SinkMemory } from "../../core/ports/sink.ts";
import { makeFolders } from "./durable-files.ts";
import { PartBook } from "./part-book.ts";
import { PartFiles, type PartFilesOptions } from "./part-files.ts";
import { type PartRecord, partWord, readCheckpoint, writerWord } from "./part-record.ts";
import { mapSideBySide } from "./side-by-side.ts";
import { type FileTarget, removeIfPresent } from "./target.ts";

/** The files and the records to go on with. */
export interface TakenUp {
  readonly files: PartFiles;
  readonly book: PartBook;
  /** Whether this run's result was published before, or begun to be. */
  readonly published: boolean;
}

/** @throws MillraceError SINK_REFUSED when a part is missing, FENCED */
export async function takeUp(
  { target, run, ...options }: Omit<PartFilesOptions, "epoch" | "slot">,
  memory: SinkMemory,
): Promise<TakenUp> {
  const { parts, writers, done } = readCheckpoint(await memory.scope.all());
  const slot = parts.reduce((highest, part) => Math.max(highest, part.slot + 1), 0);
  const files = new PartFiles({ ...options, target, run, epoch: memory.epoch, slot });
  await makeFolders([target.folder]);
  await removeLeftovers(target, run, memory, parts);
  await mapSideBySide(
    parts.filter(({ state }) => state !== "publishing"),
    (part) => files.assertWhole(part),
  );
  const mine = await takeOver(parts, writers, memory, files);
  const keys = [...writers.keys(), ...mine.map(({ by }) => by)];
  return {
    files,
    book: new PartBook({ memory, by: files.by, parts: mine, writers: keys }),
    published: done === run || parts.some(({ state }) => state === "publishing"),
  };
}

/**
 * Files that no commit knows, of this run and of runs that are over. A process that was taken over while it looked leaves
 * those of its successor alone: they bear a higher epoch.
 */
async function removeLeftovers(
  target: FileTarget,
  run: string,
  memory: SinkMemory,
  parts: readonly PartRecord[],
): Promise<void> {
  const known = new Set(parts.map((part) => target.partialOf(part)));
  const unknown = (await target.partials()).filter(({ file }) => !known.has(file));
  const over = new Map<string, boolean>([[run, true]]);
  for (const { file, run: other, epoch } of unknown) {
    if (other === run && epoch > memory.epoch) continue;
    if (!over.has(other)) over.set(other, await memory.isOver(other));
    if (over.get(other) === true) await removeIfPresent(file);
  }
}

/**
 * Files whose writer has ended for sure are gone on with in place; so that nobody else does the same while this process
 * writes, that is remembered before anything is written.
 */
async function takeOver(
  parts: readonly PartRecord[],
  writers: ReadonlyMap<string, string>,
  memory: SinkMemory,
  files: PartFiles,
): Promise<readonly PartRecord[]> {
  const { by } = files;
  const isLeft = ({ state, by: other }: PartRecord): boolean => {
    const writer = writers.get(other);
    return state === "open" && writer !== undefined && memory.isGone(writer);
  };
  const mine = parts.map((part) => (isLeft(part) ? { ...part, by } : part));
  const changed = mine.filter((part, index) => part !== parts[index]);
  if (changed.length === 0) return mine;
  await memory.scope.keep([writerWord(by, memory.writer), ...changed.map((part) => partWord(part.slot, part))]);
  await mapSideBySide(changed, (part) => files.cutTail(part));
  return mine;
}
