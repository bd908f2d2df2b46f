import { existsSync, readdirSync } from "node:fs";
import fs from "node:fs/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Part } from "../../../src/connectors/file/part.ts";
import { FileTarget } from "../../../src/connectors/file/target.ts";
import { contents, partitionedRows, rows, SinkWorld } from "./file-sink-support.ts";
import { Folder } from "./file-support.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

const byDay = { partitionBy: ["day"] };
const at = (day: number, text: string) => [`day=${day}`, `${text}\n`] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a file sink of partitions", () => {
  test("writes each partition's rows in their order, whatever their chunks", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "out/{partition}/{part}.jsonl", { ...byDay, rotate: { records: 2 } });
    const process = await world.open();
    await process.commit(
      partitionedRows([at(1, "a"), at(2, "b"), at(1, "c")]),
      partitionedRows([at(3, "d"), at(1, "e")]),
    );
    await process.commit(partitionedRows([at(2, "f")]));
    expect(readdirSync(folder.at("out")).every((name) => name.endsWith(".partial"))).toBe(true);
    await process.finish();
    expect(contents(folder, "out")).toEqual({
      "day=1/00000.jsonl": "a\nc\n",
      "day=1/00001.jsonl": "e\n",
      "day=2/00000.jsonl": "b\nf\n",
      "day=3/00000.jsonl": "d\n",
    });
  });

  test("replaces a partition of an earlier result or removes it, with its folder", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{partition}/a.jsonl", byDay);
    const first = await world.open("run-1");
    await first.commit(partitionedRows([at(1, "old"), at(2, "old"), at(3, "old")]));
    await first.finish();
    folder.write("day=3/other.txt", "not ours");
    const second = await world.open("run-2");
    await second.commit(partitionedRows([at(1, "new")]));
    await second.finish();
    expect(contents(folder)).toEqual({ "day=1/a.jsonl": "new\n", "day=3/other.txt": "not ours" });
    expect(existsSync(folder.at("day=2"))).toBe(false);
  });

  test("adds to the parts that each partition has", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{partition}-{part}.jsonl", { ...byDay, mode: "append" });
    for (const run of ["run-1", "run-2"]) {
      const process = await world.open(run);
      await process.commit(partitionedRows([at(1, run), ...(run === "run-2" ? [at(2, run)] : [])]));
      await process.finish();
    }
    expect(contents(folder)).toEqual({
      "day=1-00000.jsonl": "run-1\n",
      "day=1-00001.jsonl": "run-2\n",
      "day=2-00000.jsonl": "run-2\n",
    });
  });

  test("has few files open at once, however many partitions there are", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{partition}.jsonl", byDay);
    const process = await world.open();
    const writing = new Set<Part>();
    let most = 0;
    const { append, close } = Part.prototype;
    vi.spyOn(Part.prototype, "append").mockImplementation(function (this: Part, ...args) {
      most = Math.max(most, writing.add(this).size);
      return append.apply(this, args);
    });
    vi.spyOn(Part.prototype, "close").mockImplementation(async function (this: Part) {
      await close.call(this);
      writing.delete(this);
    });
    const days = Array.from({ length: 400 }, (_, day) => at(day, "x"));
    await process.commit(partitionedRows(days));
    expect(writing.size).toBe(0);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
    await process.finish();
    expect(Object.keys(contents(folder))).toHaveLength(400);
  });

  test("rollback() takes back what a commit that failed in the middle had written", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{partition}.jsonl", byDay);
    const process = await world.open();
    await process.commit(partitionedRows([at(1, "a"), at(2, "b")]));
    const handle = await fs.open(import.meta.filename);
    const prototype = Object.getPrototypeOf(handle) as typeof handle;
    await handle.close();
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    const unit = await process.writer.begin("fast", null);
    await unit.write(partitionedRows([at(1, "c"), at(2, "d"), at(3, "e")]), ROWS_ORIGIN);
    const before = Object.values(contents(folder)).toSorted();
    vi.spyOn(prototype, "datasync").mockRejectedValueOnce(full);
    const refusal = { code: "SINK_FAILED", message: expect.stringContaining("the disk is full") };
    await expect(unit.commit([], [])).rejects.toMatchObject(refusal);
    await unit.rollback();
    expect(Object.values(contents(folder)).toSorted()).toEqual(before);
    await process.commit(partitionedRows([at(1, "c"), at(3, "e")]));
    await process.finish();
    expect(contents(folder)).toEqual({ "day=1.jsonl": "a\nc\n", "day=2.jsonl": "b\n", "day=3.jsonl": "e\n" });
  });

  test("makes nothing of a run without rows, and refuses rows that do not tell their partition", async () => {
    using folder = new Folder();
    await using world = new SinkWorld(folder, "{partition}.jsonl", byDay);
    const process = await world.open();
    const unit = await process.writer.begin("fast", null);
    await expect(unit.write(rows("x\n"), ROWS_ORIGIN)).rejects.toMatchObject({ code: "INVARIANT" });
    await process.finish();
    expect(contents(folder)).toEqual({});
  });
});

describe("FileTarget", () => {
  test.each([
    ["/out/{partition}/a.csv", "/", 255],
    ["/out/{partition}/{partition}/a.csv", "/", 255],
    ["/out/x-{partition}.csv", ",", 249],
    ["/out/{partition}-{part}.csv", ",", 240],
  ])("%s: fields with %s between them, each at most %i bytes", (file, separator, maxBytes) => {
    expect(new FileTarget(file).partitionNames).toEqual({ separator, maxBytes });
  });

  test("puts values in as they are", () => {
    expect(new FileTarget("/o/{partition}/{part}.csv").fileOf(3, "a=$&$1")).toBe("/o/a=$&$1/00003.csv");
  });

  test("gives a long name a short unfinished one", () => {
    const target = new FileTarget(`/o/${"n".repeat(250)}.csv`);
    const name = target.partialOf({ run: "01J9ZK01J9ZK01J9ZK01J9ZK01", epoch: 12, slot: 100_000 });
    expect(Buffer.byteLength(name) - "/o/".length).toBeLessThan(255);
  });
});
