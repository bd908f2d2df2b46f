import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { MessageChannel } from "node:worker_threads";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { StateStore } from "../../src/core/ports/state-store.ts";
import type { Reject } from "../../src/core/reject.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { serve } from "../../src/state/sqlite/serve.ts";
import { openSqliteStore, storeOnLink } from "../../src/state/sqlite/store.ts";
import { ThreadLink } from "../../src/state/sqlite/thread-link.ts";
import { describeRejectShelf } from "./reject-shelf.conformance.ts";
import { describeScheduleStore } from "./schedule-store.conformance.ts";
import { describeSpoolStore } from "./spool-store.conformance.ts";
import { describeStateStore } from "./state-store.conformance.ts";

let folder = "";
let made = 0;
const newFile = (): string => path.join(folder, `${++made}.db`);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "millrace-state-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describeStateStore("memory store", async () => openMemoryStore());
describeStateStore("sqlite store", async () => openSqliteStore(newFile(), systemClock));
describeStateStore("sqlite store served in this thread", async () => {
  const { port1, port2 } = new MessageChannel();
  const link = new ThreadLink(port2, "sqlite here", systemClock);
  serve(port1, { file: newFile(), label: "sqlite here" });
  await link.opened;
  return storeOnLink(link, "sqlite here", async () => port2.close());
});

const shelfOf = async (store: StateStore) => ({
  shelf: store,
  add: (rejects: readonly Reject[]) => store.addRejects(rejects),
});
describeRejectShelf("memory store", async () => shelfOf(openMemoryStore()));
describeRejectShelf("sqlite store", async () => shelfOf(await openSqliteStore(newFile(), systemClock)));

describeScheduleStore("memory store", {
  open: async () => [openMemoryStore()],
  histories: 300,
  rounds: 20,
});
const openSqlite = (times: number): Promise<readonly StateStore[]> => {
  const file = newFile();
  // One that is alone is served here, which takes less time; several take turns in threads of their own.
  const options = times === 1 ? { threadAfterMs: 60_000 } : {};
  return Promise.all(Array.from({ length: times }, () => openSqliteStore(file, systemClock, options)));
};
describeScheduleStore("sqlite store", { open: openSqlite, histories: 15, rounds: 10 });

const openOnce = async (times: number): Promise<readonly StateStore[]> => {
  const store = openMemoryStore();
  return Array.from({ length: times }, () => store);
};
describeSpoolStore("memory store", { open: openOnce, rounds: 50 });
describeSpoolStore("sqlite store", { open: openSqlite, rounds: 20 });
