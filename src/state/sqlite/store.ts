/**
 * The state store in one SQLite file, as the main thread sees it.
 *
 * `node:sqlite` is synchronous and a durable commit waits for the disk, so the database lives in a thread of its own.
 */
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../../core/clock.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { threadEntry } from "../../core/thread-entry.ts";
import { storeOver } from "../operations.ts";
import type { ServeOptions } from "./serve.ts";
import { type StoreStats, ThreadLink } from "./thread-link.ts";

/** A state store that tells how well it gathers requests. */
export interface SqliteStore extends StateStore {
  stats(): StoreStats;
}

/**
 * Opens the store, makes its file and folder if need be.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export async function openSqliteStore(file: string, clock: Clock): Promise<SqliteStore> {
  const label = `sqlite ${shown(file)}`;
  const options: ServeOptions = { file, label };
  const worker = new Worker(threadEntry(import.meta.url, "./worker"), {
    workerData: options,
    name: "millrace-state",
    // The flags of the host program (`--input-type`, a test runner's loader) are not for this thread.
    execArgv: [],
  });
  const link = new ThreadLink(worker, label, clock);
  worker.on("error", (cause) => link.end(cause));
  worker.on("exit", () => link.end(undefined));
  try {
    await link.opened;
  } catch (thrown) {
    await worker.terminate();
    throw thrown;
  }
  return storeOnLink(link, label, async () => void (await worker.terminate()));
}

/** The store over a wire that is open. `end` resolves when the other side is gone. */
export function storeOnLink(link: ThreadLink, label: string, end: () => Promise<void>): SqliteStore {
  const close = async (): Promise<void> => {
    await link.close();
    await end();
  };
  return { ...storeOver(label, (operation, args) => link.call(operation, args), close), stats: () => link.stats };
}

/** The path as people know it: relative where that is shorter. */
function shown(file: string): string {
  const relative = path.relative("", file);
  return relative.startsWith("..") ? file : relative;
}
