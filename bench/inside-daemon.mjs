/** Loaded before the daemon (`node --expose-gc --import`): tells its parent, when asked, what the process holds, and collects all garbage first where that is wanted. */
import { readdirSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

/** Garbage that finalizers let go of needs further rounds. */
const COLLECTIONS = 3;

if (isMainThread && process.send !== undefined) {
  process.on("message", (collect) => void tell(collect));
  // The daemon ends when it has done its work, whoever still asks.
  process.channel?.unref();
}

async function tell(collect) {
  for (let round = 0; collect && round < COLLECTIONS; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({
    rssBytes: rss,
    heapBytes: heapUsed,
    outsideBytes: external + arrayBuffers,
    cpuSeconds: (user + system) / 1e6,
    descriptors: readdirSync("/proc/self/fd").length,
    threads: readdirSync("/proc/self/task").length,
    resources: process.getActiveResourcesInfo().length,
  });
}
