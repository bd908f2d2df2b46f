import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { MessageChannel } from "node:worker_threads";
import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { openMemoryStore } from "../../src/state/memory.ts";
import { serve } from "../../src/state/sqlite/serve.ts";
import { openSqliteStore, storeOnLink } from "../../src/state/sqlite/store.ts";
import { ThreadLink } from "../../src/state/sqlite/thread-link.ts";
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
