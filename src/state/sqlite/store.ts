/**
 * The state store in one SQLite file, as the main thread sees it.
 *
 * `node:sqlite` is synchronous and a durable commit waits for the disk, so the database lives in a thread of its own.
 */
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { StateStore } from "../../core/ports/state-store.ts";
import { storeOver } from "../operations.ts";
import { LateThread } from "./late-thread.ts";
import { startThread } from "./start-thread.ts";
import { type StoreStats, ThreadLink } from "./thread-link.ts";

/** A state store that tells how well it gathers requests. */
export interface SqliteStore extends StateStore {
  stats(): StoreStats;
}

/** How the store is opened. */
export interface SqliteStoreOptions {
  /** Milliseconds that the calling thread serves the database itself before a thread takes over; 0, the default: none. */
  readonly threadAfterMs?: number;
}

/**
 * Opens the store, makes its file and folder if need be.
 *
 * @throws MillraceError STATE_UNAVAILABLE, STATE_CORRUPT, STATE_TOO_NEW, CONFIG_INVALID
 */
export async function openSqliteStore(
  file: string,
  clock: Clock,
  { threadAfterMs = 0 }: SqliteStoreOptions = {},
): Promise<SqliteStore> {
  const label = `sqlite ${shown(file)}`;
  const { link, end } =
    threadAfterMs > 0 ? lateLink(file, label, clock, threadAfterMs) : threadLink(file, label, clock);
  try {
    await link.opened;
  } catch (thrown) {
    await end();
    throw thrown;
  }
  return storeOnLink(link, label, end);
}

/** A wire to a server, and what ends it. */
interface Served {
  readonly link: ThreadLink;
  readonly end: () => Promise<void>;
}

function threadLink(file: string, label: string, clock: Clock): Served {
  const worker = startThread({ file, label });
  const link = new ThreadLink(worker, label, clock);
  worker.on("error", (cause) => link.end(cause));
  worker.on("exit", () => link.end(undefined));
  return { link, end: async () => void (await worker.terminate()) };
}

function lateLink(file: string, label: string, clock: Clock, afterMs: number): Served {
  const wire = new LateThread({ file, label, afterMs, clock, onEnd: (cause) => link.end(cause) });
  const link = new ThreadLink(wire, label, clock);
  return { link, end: () => wire.end() };
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
