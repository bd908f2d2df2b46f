/** Rings when the system tells that something happened in a folder. It may miss anything: who listens looks now and then anyway. */
import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";

/** Folders that are listened to at most; each takes one of the system's watches, which are few. */
const MOST_FOLDERS = 64;

/** A folder that is listened to. */
interface Watch {
  readonly watcher: FSWatcher;
  /** A folder that was made anew under its name is another one, and its watcher stays silent. */
  readonly inode: number;
}

/** Listens to folders until disposed. */
export class FolderBell implements Disposable {
  readonly #ring: () => void;
  readonly #watches = new Map<string, Watch>();
  #isDisposed = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Listens to these folders and to no others; what cannot be listened to is left out. Never rejects. */
  async follow(folders: Iterable<string>): Promise<void> {
    const wanted = new Map<string, number>();
    for (const folder of [...folders].slice(0, MOST_FOLDERS)) {
      const inode = await folderInode(folder);
      if (inode !== null) wanted.set(folder, inode);
    }
    for (const [folder, { inode }] of this.#watches) if (wanted.get(folder) !== inode) this.#leave(folder);
    if (this.#isDisposed) return;
    for (const [folder, inode] of wanted) if (!this.#watches.has(folder)) this.#listen(folder, inode);
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    for (const folder of this.#watches.keys()) this.#leave(folder);
  }

  #listen(folder: string, inode: number): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#ring());
      watcher.on("error", () => this.#leave(folder));
      this.#watches.set(folder, { watcher, inode });
    } catch {
      // No watches left, or a file system that has none.
    }
  }

  #leave(folder: string): void {
    this.#watches.get(folder)?.watcher.close();
    this.#watches.delete(folder);
  }
}

async function folderInode(folder: string): Promise<number | null> {
  return stat(folder).then(
    (stats) => (stats.isDirectory() ? stats.ino : null),
    () => null,
  );
}
