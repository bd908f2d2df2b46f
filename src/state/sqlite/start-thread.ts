/** Starts the thread that owns a database. */
import { Worker } from "node:worker_threads";
import { threadEntry } from "../../core/thread-entry.ts";
import type { ServeOptions } from "./serve.ts";

/** The thread; its first message says whether the database is open. */
export function startThread(options: ServeOptions): Worker {
  return new Worker(threadEntry(import.meta.url, "./worker"), {
    workerData: options,
    name: "millrace-state",
    // The flags of the host program (`--input-type`, a test runner's loader) are not for this thread.
    execArgv: [],
  });
}
