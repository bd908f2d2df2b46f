import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { openSqliteStore } from "../../../src/state/sqlite/store.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { claimOf, step } from "../../conformance/state-store.conformance.ts";
import { until } from "../../support/until.ts";

const threads = vi.hoisted(() => ({ started: 0, opened: 0 }));
vi.mock("../../../src/state/sqlite/start-thread.ts", async (original) => {
  const { startThread } = await original<typeof import("../../../src/state/sqlite/start-thread.ts")>();
  return {
    startThread: (...args: Parameters<typeof startThread>) => {
      threads.started++;
      const thread = startThread(...args);
      thread.once("message", () => threads.opened++);
      return thread;
    },
  };
});

const KEY = { job: "orders", scope: "run-1", sink: "sink" };

let folder = "";
let file = "";
beforeEach(async () => {
  threads.started = 0;
  threads.opened = 0;
  folder = await mkdtemp(path.join(os.tmpdir(), "millrace-late-"));
  file = path.join(folder, "state.db");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("openSqliteStore() with threadAfterMs", () => {
  test("serves a short life without a thread", async () => {
    const clock = new FakeClock(0);
    {
      await using store = await openSqliteStore(file, clock, { threadAfterMs: 1_000 });
      await store.claim(KEY, [claimOf("a")]);
      await store.commit(KEY, [step("a", 1, 0n, 7n)], []);
      await clock.advance(999);
    }
    await clock.advance(10_000);
    expect(threads.started).toBe(0);
    await using again = await openSqliteStore(file, systemClock);
    expect(await again.progress(KEY)).toMatchObject([{ position: { ordinal: 7n } }]);
  });

  test("moves into a thread between two requests, and nothing is lost or counted twice on the way", async () => {
    const clock = new FakeClock(0);
    await using store = await openSqliteStore(file, clock, { threadAfterMs: 1_000 });
    await store.claim(KEY, [claimOf("a")]);
    const commits = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at++) await store.commit(KEY, [step("a", 1, BigInt(at), BigInt(at + 1))], []);
    };
    await commits(0, 5);
    await clock.advance(1_000);
    const moving = commits(5, 200);
    await until("the thread opens the database", () => threads.opened === 1 || undefined);
    await moving;
    await commits(200, 210);
    expect(await store.progress(KEY)).toMatchObject([{ position: { ordinal: 210n } }]);
    expect(store.stats()).toEqual({ requests: 212, transactions: 211 });
  });

  test("says why the file cannot be opened", async () => {
    const opened = openSqliteStore(path.join(folder, "."), new FakeClock(0), { threadAfterMs: 1_000 });
    await expect(opened).rejects.toMatchObject({ code: "STATE_UNAVAILABLE" });
  });
});
