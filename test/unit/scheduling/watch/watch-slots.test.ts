import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";
import { systemClock } from "../../../../src/core/clock.ts";
import { MillraceError } from "../../../../src/core/errors.ts";
import { tailSlots, WatchSlots } from "../../../../src/scheduling/watch/watch-slots.ts";
import { SETTLE_MS, WatchedFolder } from "./support.ts";

const HOUR_MS = 3_600_000;

describe("WatchSlots", () => {
  test("announces a file once, when it has been left alone for long enough", async () => {
    using folder = new WatchedFolder();
    folder.write("in/a.csv", "1");
    expect(await folder.poll()).toEqual([]);
    await folder.fake.advance(SETTLE_MS - 1);
    expect(await folder.poll()).toEqual([]);
    await folder.fake.advance(1_000);
    expect(await folder.poll()).toEqual(["2026-11-22T00:00:02Z"]);
    expect(await folder.slotsWithin(30_000)).toBe(0);
  });

  test("waits for a file that grows, and for one that is renamed into its place with an old time", async () => {
    using folder = new WatchedFolder();
    for (let part = 0; part < 5; part++) {
      folder.write("in/a.csv", "1".repeat(part));
      expect(await folder.slotsWithin(1_000)).toBe(0);
    }
    expect(await folder.slotsWithin(3_000)).toBe(1);
    folder.write("in/.a.tmp", "2", folder.fake.now() - HOUR_MS);
    renameSync(folder.path("in/.a.tmp"), folder.path("in/a.csv"));
    expect(await folder.poll()).toEqual([]);
    expect(await folder.slotsWithin(3_000)).toBe(1);
  });

  test("sees a file rewritten with as many bytes, and one put in its place with the same size and time", async () => {
    using folder = new WatchedFolder();
    folder.write("in/a.csv", "1");
    expect(await folder.slotsWithin(5_000)).toBe(1);
    folder.write("in/a.csv", "2");
    expect(await folder.slotsWithin(5_000)).toBe(1);
    const { mtimeMs } = statSync(folder.path("in/a.csv"));
    folder.write("in/b.tmp", "3", mtimeMs);
    renameSync(folder.path("in/b.tmp"), folder.path("in/a.csv"));
    expect(await folder.slotsWithin(5_000)).toBe(1);
  });

  test("is not held back by a file that is touched for ever", async () => {
    using folder = new WatchedFolder();
    folder.write("in/busy.csv", "1");
    folder.write("in/a.csv", "1");
    let slots = 0;
    for (let second = 0; second < 20; second++) {
      folder.touch("in/busy.csv");
      slots += await folder.slotsWithin(1_000);
    }
    expect(slots).toBe(1);
    expect(await folder.slotsWithin(5_000)).toBe(1);
  });

  test("makes no slot of files that vanish, one of a file that gets another name", async () => {
    using folder = new WatchedFolder();
    for (const name of ["a", "b", "c"]) folder.write(`in/${name}.csv`, name);
    expect(await folder.slotsWithin(5_000)).toBe(1);
    rmSync(folder.path("in/a.csv"));
    expect(await folder.slotsWithin(5_000)).toBe(0);
    folder.restart();
    expect(await folder.slotsWithin(5_000)).toBe(0);
    renameSync(folder.path("in/b.csv"), folder.path("in/d.csv"));
    expect(await folder.slotsWithin(5_000)).toBe(1);
  });

  test("knows after a restart what was announced, and what arrived meanwhile", async () => {
    using folder = new WatchedFolder();
    folder.write("in/a.csv", "1");
    expect(await folder.slotsWithin(5_000)).toBe(1);
    folder.restart();
    expect(await folder.slotsWithin(5_000)).toBe(0);
    folder.write("in/b.csv", "1", folder.fake.now() - HOUR_MS);
    folder.restart();
    expect(await folder.slotsWithin(5_000)).toBe(1);
  });

  test("waits for a folder that is not there yet, and looks into folders and lists of them", async () => {
    using folder = new WatchedFolder(["late/*.csv", "drop", "in/one.csv"]);
    expect(await folder.slotsWithin(3_000)).toBe(0);
    for (const [index, name] of ["late/a.csv", "drop/a.csv", "in/one.csv"].entries()) {
      if (index < 2) mkdirSync(folder.path(name.split("/")[0] ?? ""));
      folder.write(name, "1");
      expect(await folder.slotsWithin(5_000)).toBe(1);
    }
    folder.write("in/two.csv", "1");
    expect(await folder.slotsWithin(5_000)).toBe(0);
  });

  test("tells what may not be read, and goes on when it may", async () => {
    using folder = new WatchedFolder(["in"]);
    folder.write("in/a.csv", "1");
    symlinkSync("loop.csv", folder.path("in/loop.csv"));
    await expect(folder.poll()).rejects.toMatchObject({ code: "SOURCE_FAILED" });
    const refused = new MillraceError("SOURCE_FAILED", "source.path: in cannot be read");
    using closed = new WatchedFolder(["in"], { list: () => Promise.reject(refused) });
    await expect(closed.poll()).rejects.toBe(refused);
    rmSync(folder.path("in/loop.csv"));
    expect(await folder.slotsWithin(5_000)).toBe(1);
  });

  test.each([
    ["whose server's clock is ahead", 30_000],
    ["whose server's clock is behind", -30_000],
    ["whose server's clock is a little ahead", 1_500],
  ])("settles a file %s", async (_, skewMs) => {
    using folder = new WatchedFolder();
    folder.skewMs = skewMs;
    folder.write("in/a.csv", "1");
    expect(await folder.slotsWithin(2_000)).toBe(0);
    expect(await folder.slotsWithin(4_000)).toBe(1);
  });

  test("is not misled by a clock that jumps", async () => {
    using folder = new WatchedFolder();
    folder.write("in/a.csv", "1");
    await folder.poll();
    folder.jumpMs = HOUR_MS;
    expect(await folder.slotsWithin(1_000)).toBe(0);
    expect(await folder.slotsWithin(2_000)).toBe(1);
    folder.jumpMs = -HOUR_MS;
    folder.write("in/b.csv", "1");
    expect(await folder.slotsWithin(4_000)).toBe(1);
    folder.write("in/c.csv", "1");
    folder.restart();
    expect(await folder.slotsWithin(4_000)).toBe(1);
  });

  test("forgets nothing of a file that seems to be written just now because the clock was set back", async () => {
    using folder = new WatchedFolder();
    folder.write("in/a.csv", "1");
    expect(await folder.slotsWithin(5_000)).toBe(1);
    folder.restart();
    folder.write("in/b.csv", "1", folder.fake.now() - HOUR_MS);
    await folder.poll();
    await folder.fake.advance(SETTLE_MS);
    folder.jumpMs = -6_500;
    expect(await folder.poll()).toHaveLength(1);
    expect(await folder.slotsWithin(5_000)).toBe(0);
  });

  test("agrees with another process that watches the same files, whichever of them is behind", async () => {
    using folder = new WatchedFolder();
    const others = new WatchSlots(folder.options);
    folder.write("in/a.csv", "1");
    expect(await folder.slotsWithin(5_000)).toBe(1);
    await others.due(folder.cursor, folder.clock.now());
    await folder.fake.advance(SETTLE_MS);
    await others.due(folder.cursor, folder.clock.now());
    const { mtimeMs } = statSync(folder.path("in/a.csv"));
    folder.write("in/a.csv", "2");
    expect(await folder.slotsWithin(4_000)).toBe(1);
    for (let look = 0; look < 4; look++) {
      expect((await others.due(folder.cursor, folder.clock.now())).slots).toEqual([]);
      await folder.fake.advance(SETTLE_MS);
    }
    // What it was before is no news, as a network file system may show it to one of them.
    folder.write("in/a.csv", "1", mtimeMs);
    expect(await folder.slotsWithin(4_000)).toBe(0);
  });

  test("rests between looks for ten times as long as one takes", async () => {
    let looks = 0;
    const list = async (): Promise<readonly string[]> => {
      looks++;
      await folder.fake.advance(500);
      return [];
    };
    using folder: WatchedFolder = new WatchedFolder(["in"], { list });
    await folder.poll();
    await folder.slotsWithin(4_000);
    expect(looks).toBe(1);
    await folder.slotsWithin(2_000);
    expect(looks).toBe(2);
  });

  test("is to be asked every second, every ten at the latest", async () => {
    const clock = new FakeClock();
    for (const [settleMs, pollMs] of [
      [0, 1_000],
      [2_000, 1_000],
      [6_000, 3_000],
      [HOUR_MS, 10_000],
    ] as const) {
      const slots = new WatchSlots({ patterns: [], baseDir: "/", settleMs, clock, list: async () => [] });
      expect(slots.next("", 0)).toBe(pollMs - 100);
      await slots.due(slots.start(), 5_000);
      expect(slots.next("", 6_000)).toBeGreaterThanOrEqual(5_000 + pollMs - 100);
      expect(slots.next("", 6_000)).toBeLessThanOrEqual(15_000);
    }
  });

  test("rings when something happens in a folder, until disposed", async () => {
    using folder = new WatchedFolder(["in/*.csv"], { clock: systemClock });
    const slots = folder.slots;
    let ring = Promise.withResolvers<void>();
    const woken = slots.wake(() => ring.resolve());
    await folder.poll();
    folder.write("in/a.csv", "1");
    await ring.promise;
    // A folder that is made anew is listened to from the next look on.
    rmSync(folder.path("in"), { recursive: true });
    mkdirSync(folder.path("in"));
    folder.restart();
    woken[Symbol.dispose]();
    ring = Promise.withResolvers<void>();
    using _ = folder.slots.wake(() => ring.resolve());
    await folder.poll();
    folder.write("in/b.csv", "1");
    await ring.promise;
  });

  test("says so when its cursor is none", async () => {
    using folder = new WatchedFolder();
    folder.cursor = "12 nonsense!";
    await expect(folder.poll()).rejects.toMatchObject({ code: "STATE_CORRUPT" });
  });
});

describe("tailSlots()", () => {
  test("announces what is still being written, once a look, however often it is asked", async () => {
    using folder = new WatchedFolder();
    const slots = tailSlots(folder.options);
    expect(slots.trigger).toBe("continuous");
    let cursor = slots.start();
    const texts: string[] = [];
    folder.write("in/a.csv", "1");
    for (let look = 0; look < 6; look++) {
      const due = await slots.due(cursor, folder.clock.now());
      texts.push(...due.slots.map(({ slot }) => slot));
      cursor = due.cursor;
      appendFileSync(folder.path("in/a.csv"), "1");
      await folder.fake.advance(300);
    }
    expect(texts).toEqual(["2026-11-22T00:00:00Z", "2026-11-22T00:00:00.600Z", "2026-11-22T00:00:01Z"]);
  });
});
