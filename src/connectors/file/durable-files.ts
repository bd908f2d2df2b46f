/** Whole reads, whole writes, and names that survive a power cut: the only place that knows how platforms differ. */
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import path from "node:path";
import { mapSideBySide } from "./side-by-side.ts";

/** Errors with which file systems say that a folder cannot be flushed: Windows, some network file systems. */
const UNSYNCABLE = new Set(["EINVAL", "ENOTSUP", "EISDIR", "EPERM", "EACCES", "EBADF"]);

/** Writes all of `bytes` at `position`: a single write may take less than it is given. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** Fills `into` from `position` on, or as much of it as the file holds; resolves to the bytes read. */
export async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.byteLength) {
    const { bytesRead } = await handle.read(into, done, into.byteLength - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Makes the entries of a folder durable, where the platform can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, "r");
    await handle.sync();
  } catch (thrown) {
    if (!UNSYNCABLE.has((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
  }
}

/** Gives a complete file its name; the name holds after a power cut once the folder is synced too. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(path.dirname(to));
}

/** Makes folders and those above them, each entry durable. */
export async function makeFolders(folders: readonly string[]): Promise<void> {
  const changed = new Set<string>();
  await mapSideBySide(folders, async (folder) => {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    for (let made = folder; made.length >= first.length; made = path.dirname(made)) changed.add(path.dirname(made));
  });
  await mapSideBySide([...changed], syncFolder);
}
