/** A file sink after the end of the process that wrote before: what it goes on with, what it removes, what it refuses. */
import { closeSync, mkdirSync, openSync, rmSync, statSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contents, inflated, numbered, rows, SinkWorld } from "./file-sink-support.ts";
import { Folder } from "./file-support.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const PARTIAL = ".a.jsonl.run-1.1.0.partial";

describe("a file sink that goes on", () => {
  test("cuts a part back to the committed length and writes on in it", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    const killed = await world.open();
    await killed.write("1\n", "2\n");
    const unit = await killed.writer.begin("fast", null);
    await unit.write(rows("3\n", "4\n"), ROWS_ORIGIN);
    expect(contents(folder)).toEqual({ [PARTIAL]: "1\n2\n3\n4\n" });

    const next = await world.open();
    expect(next.at).toBe(2);
    expect(contents(folder)).toEqual({ [PARTIAL]: "1\n2\n" });
    await next.write("three\n");
    await next.finish();
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n2\nthree\n" });
  });

  test("copies a part whose writer may still live, so that a late write of it changes nothing", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    const zombie = await world.open();
    await zombie.write("1\n", "2\n");
    const open = openSync(folder.at(PARTIAL), "r+");
    world.gone = false;

    const next = await world.open();
    await next.write("3\n", "4\n");
    expect(contents(folder)).toEqual({ ".a.jsonl.run-1.2.0.partial": "1\n2\n3\n4\n" });
    writeSync(open, "late\n", 4);
    closeSync(open);
    await next.finish();
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n2\n3\n4\n" });
    await expect(zombie.write("late\n")).rejects.toMatchObject({ code: "FENCED" });
    await expect(zombie.finish()).rejects.toMatchObject({ code: "FENCED" });
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n2\n3\n4\n" });
  });

  test("copies it also when nothing more is written into it", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    const zombie = await world.open();
    await zombie.write("1\n");
    const open = openSync(folder.at(PARTIAL), "r+");
    world.gone = false;
    const next = await world.open();
    await next.finish();
    writeSync(open, "late\n", 0);
    closeSync(open);
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n" });
  });

  test("never writes in place behind a writer that took the part over in place itself", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    await (await world.open()).write("1\n");
    const second = await world.open();
    const open = openSync(folder.at(PARTIAL), "r+");
    // It is stopped before its first commit; what the state store says of the part must be enough.
    world.gone = false;
    const third = await world.open();
    await third.write("2\n");
    writeSync(open, "late\n", 2);
    closeSync(open);
    await third.finish();
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n2\n" });
    await expect(second.write("late\n")).rejects.toMatchObject({ code: "FENCED" });
  });

  test("closes a compressed part's member at every commit, so that it is whole at every cut", async () => {
    for (const name of ["a.jsonl.gz", "a.jsonl.zst"]) {
      using folder = new Folder();
      await using world = new SinkWorld(folder, name);
      const lines = numbered(300);
      for (let at = 0; at < lines.length; at += 100) {
        const process = await world.open();
        await process.write(...lines.slice(at, at + 100));
        const unit = await process.writer.begin("fast", null);
        await unit.write(rows("never committed\n"), ROWS_ORIGIN);
      }
      const last = await world.open();
      await last.finish();
      expect(await inflated(folder.at(name))).toBe(lines.join(""));
    }
  });

  test("refuses a part that is gone or was shortened", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    const first = await world.open();
    await first.write("1\n");
    truncateSync(folder.at(PARTIAL), 1);
    const refusal = (what: string) => ({
      code: "SINK_REFUSED",
      message: `${folder.at("a.jsonl")}: what the unfinished run had written of it (${folder.at(PARTIAL)}) ${what}; put it back, or begin anew with --restart`,
    });
    await expect(world.open()).rejects.toMatchObject(refusal("has 1 bytes instead of 2"));
    unlinkSync(folder.at(PARTIAL));
    await expect(world.open()).rejects.toMatchObject(refusal("is gone"));
  });

  test("removes what no commit knows, of this run and of runs that are over, and nobody else's", async () => {
    using folder = new Folder();
    const left = [".a.jsonl.run-1.1.7.partial", ".a.jsonl.dead.3.0.partial"];
    const others = [
      ".a.jsonl.kept-1.3.0.partial",
      ".b.jsonl.dead.1.0.partial",
      ".a.jsonl.partial",
      "a.jsonl.dead.1.0.partial",
    ];
    for (const name of [...left, ...others]) folder.write(name, "x");
    await using world = new SinkWorld(folder, "a.jsonl");
    const process = await world.open();
    await process.finish();
    expect(Object.keys(contents(folder))).toEqual([...others, "a.jsonl"].toSorted());
  });

  test("keeps what a commit knows when it ends, and removes the rest", async () => {
    using folder = new Folder();
    folder.write("a.jsonl", "old\n");
    await using world = new SinkWorld(folder, "a.jsonl");
    {
      await using process = await world.open();
      const unit = await process.writer.begin("fast", null);
      await unit.write(rows("1\n"), ROWS_ORIGIN);
    }
    expect(contents(folder)).toEqual({ "a.jsonl": "old\n" });
    {
      await using process = await world.open();
      await process.write("1\n");
    }
    expect(contents(folder)).toEqual({ "a.jsonl": "old\n", ".a.jsonl.run-1.2.0.partial": "1\n" });
  });

  test("abandon() removes what a run that is given up had written", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { rotate: { records: 1 } });
    await (await world.open("kept-1")).write(...numbered(3));
    await (await world.open("run-2")).write(...numbered(1));
    expect(Object.keys(contents(folder))).toHaveLength(4);
    await (await world.resolve()).abandon?.("j", "kept-1");
    expect(Object.keys(contents(folder))).toEqual([".{part}.jsonl.run-2.1.0.partial"]);
  });

  test("refuses records that came after the result was being published, and publishes the rest of it", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { rotate: { records: 1 } });
    const first = await world.open();
    await first.write(...numbered(2));
    mkdirSync(folder.at("00001.jsonl/x"), { recursive: true });
    await expect(first.finish()).rejects.toMatchObject({ code: "SINK_REFUSED" });
    const next = await world.open();
    const refusal = { code: "SINK_REFUSED", message: expect.stringContaining("begin anew with --restart") };
    await expect(next.write("more\n")).rejects.toMatchObject(refusal);
    expect(statSync(folder.at("00001.jsonl")).isDirectory()).toBe(true);
  });
});

describe("a file sink of mode replace", () => {
  const parts = (count: number, text: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`0000${i}.jsonl`, text]));

  async function runTo(world: SinkWorld, run: string, count: number): Promise<void> {
    const process = await world.open(run);
    if (count > 0) await process.write(...Array.from({ length: count }, () => `${run}\n`));
    await process.finish();
  }

  test("removes the parts of an earlier, longer result, and no file of anybody else", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { rotate: { records: 1 } });
    await runTo(world, "run-1", 5);
    folder.write("00007.jsonl", "foreign");
    await runTo(world, "run-2", 2);
    expect(contents(folder)).toEqual({ ...parts(2, "run-2\n"), "00007.jsonl": "foreign" });
    await runTo(world, "run-3", 0);
    expect(contents(folder)).toEqual({ "00000.jsonl": "", "00007.jsonl": "foreign" });
  });

  test("removes also what a run that was given up had published", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { rotate: { records: 1 } });
    await runTo(world, "run-1", 1);
    mkdirSync(folder.at("00002.jsonl/x"), { recursive: true });
    await expect(runTo(world, "run-2", 3)).rejects.toMatchObject({ code: "SINK_REFUSED" });
    expect(contents(folder)).toMatchObject({ "00001.jsonl": "run-2\n" });
    rmSync(folder.at("00002.jsonl"), { recursive: true });
    await (await world.resolve()).abandon?.("j", "run-2");
    await runTo(world, "run-3", 1);
    expect(contents(folder)).toEqual({ "00000.jsonl": "run-3\n" });
  });

  test("leaves the files alone when the job writes elsewhere", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "a.jsonl");
    await runTo(world, "run-1", 1);
    await using other = new SinkWorld(folder, "b.jsonl", {}, world.state);
    await runTo(other, "run-2", 1);
    expect(contents(folder)).toEqual({ "a.jsonl": "run-1\n", "b.jsonl": "run-2\n" });
  });
});

describe("a file sink of mode append", () => {
  const append = { mode: "append", rotate: { records: 2 } } as const;

  test("shows each part when it is complete, and adds to what is there", async () => {
    using folder = new Folder();
    folder.write("00003.jsonl", "there before\n");
    await using world = new SinkWorld(folder, "{part}.jsonl", append);
    const process = await world.open();
    await process.write(...numbered(3));
    expect(contents(folder)).toMatchObject({ "00003.jsonl": "there before\n", "00004.jsonl": "row 0\nrow 1\n" });
    await process.write("row 3\n");
    expect(contents(folder)).toMatchObject({ "00005.jsonl": "row 2\nrow 3\n" });
    await process.write("row 4\n");
    await process.finish();
    expect(contents(folder)).toEqual({
      "00003.jsonl": "there before\n",
      "00004.jsonl": "row 0\nrow 1\n",
      "00005.jsonl": "row 2\nrow 3\n",
      "00006.jsonl": "row 4\n",
    });
  });

  test("never overwrites: a name that somebody takes meanwhile is passed over", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", append);
    const process = await world.open();
    await process.write("row 0\n");
    folder.write("00000.jsonl", "taken");
    folder.write("00001.jsonl", "taken too");
    await process.write("row 1\n", "row 2\n");
    await process.finish();
    expect(contents(folder)).toEqual({
      "00000.jsonl": "taken",
      "00001.jsonl": "taken too",
      "00002.jsonl": "row 0\nrow 1\n",
      "00003.jsonl": "row 2\n",
    });
  });

  test("adds nothing for a run without rows, and a part for every other run", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { mode: "append" });
    const empty = await world.open("run-0");
    await empty.finish();
    expect(contents(folder)).toEqual({});
    for (const run of ["run-1", "run-2"]) {
      const process = await world.open(run);
      await process.write(`${run}\n`);
      await process.finish();
    }
    expect(contents(folder)).toEqual({ "00000.jsonl": "run-1\n", "00001.jsonl": "run-2\n" });
  });
});

describe("rotation by time", () => {
  test("ends a part at the first commit after the interval, and remembers it with that commit", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{part}.jsonl", { rotate: { interval: "1m" } });
    const first = await world.open();
    await first.write("1\n");
    await world.clock.advance(59_999);
    await first.write("2\n");
    await world.clock.advance(1);
    await first.write("3\n");
    await first.write("4\n");
    await world.clock.advance(30_000);
    const next = await world.open();
    await world.clock.advance(30_000);
    await next.write("5\n");
    await next.write("6\n");
    await next.finish();
    expect(contents(folder)).toEqual({
      "00000.jsonl": "1\n2\n3\n",
      "00001.jsonl": "4\n5\n",
      "00002.jsonl": "6\n",
    });
  });
});
