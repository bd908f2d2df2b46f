/**
 * Which files have been left alone for long enough.
 *
 * A file is settled when all looks since at least the time to settle have seen the same: a writer that pauses for less is
 * waited for, and a file that is renamed into its place, which may carry any time, is waited for like any other. In that
 * time nobody's clock counts but our own monotonic one. The file's own time must be as old, too, so that a later change
 * gets another one; a time that lies ahead comes from a server whose clock is ahead, or was set, and says nothing.
 */
import { type FileState, markOf } from "./file-mark.ts";

/** When it was looked. */
export interface LookTime {
  /** Wall clock, milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds from an arbitrary start. */
  readonly monotonic: number;
}

/** A file as it has been since some look. */
export interface WatchedFile extends FileState {
  /** Monotonic. */
  readonly since: number;
  readonly settled: boolean;
  readonly mark: number;
}

/** The files of one look by their paths. */
export type WatchedFiles = ReadonlyMap<string, WatchedFile>;

/**
 * A file at a look.
 *
 * @param before the same file at the look before, if it was there
 */
export function watchFile(
  path: string,
  state: FileState,
  before: WatchedFile | undefined,
  { now, monotonic }: LookTime,
  settleMs: number,
): WatchedFile {
  const isSame =
    before !== undefined &&
    before.size === state.size &&
    before.mtimeMs === state.mtimeMs &&
    before.inode === state.inode;
  if (isSame && before.settled) return before;
  const { size, mtimeMs, inode } = state;
  const since = isSame ? before.since : monotonic;
  const mark = isSame ? before.mark : markOf(path, state);
  const ageMs = now - mtimeMs;
  const isRecent = ageMs >= 0 && ageMs < settleMs;
  return { size, mtimeMs, inode, since, mark, settled: monotonic - since >= settleMs && !isRecent };
}
