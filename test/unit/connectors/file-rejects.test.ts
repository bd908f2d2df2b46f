import { appendFileSync, mkdirSync, readFileSync, readdirSync, renameSync, truncateSync } from "node:fs";
import { open } from "node:fs/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { CommittedRejects, RejectStore } from "../../../src/core/ports/reject-store.ts";
import { type Reject, rejectToJson } from "../../../src/core/reject.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { linesBackwards } from "../../../src/connectors/file/lines-backwards.ts";
import type { FileSinkOptions } from "../../../src/connectors/file/options.ts";
import { openRejectFile } from "../../../src/connectors/file/rejects.ts";
import { Folder } from "./file-support.ts";

const RUN = "01J9ZK";
const PARTIAL = `.r.jsonl.${RUN}.0.0.partial`;

function rejectAt(ordinal: number, change: Partial<Reject> = {}): Reject {
  return {
    job: "orders",
    run: RUN,
    scope: RUN,
    split: "a.csv",
    position: { ordinal: BigInt(ordinal), token: String(ordinal * 10) },
    stage: "decode",
    code: "CSV_FIELD_COUNT",
    message: 'a "quoted" \\ message, "split":"x","position":{"ordinal":7,',
    raw: `raw ${ordinal}\n`,
    rawEncoding: "utf8",
    attempts: 1,
    at: "2026-11-22T02:00:00.000Z",
    ...change,
  };
}

const textOf = (rejects: readonly Reject[]) => rejects.map((reject) => `${rejectToJson(reject)}\n`).join("");
const openIn = (folder: Folder, run = RUN): Promise<RejectStore> =>
  openRejectFile({ path: "r.jsonl" }, { run, baseDir: folder.path });
const read = (folder: Folder, name = "r.jsonl") => readFileSync(folder.at(name), "utf8");

afterEach(() => {
  vi.restoreAllMocks();
});

describe("openRejectFile()", () => {
  test("appends under a hidden name and publishes at the end", async () => {
    using folder = new Folder();
    folder.write("r.jsonl", "of an earlier run\n");
    folder.write(".r.jsonl.dead.0.0.partial", "left over");
    await using store = await openIn(folder);
    await store.append([rejectAt(1), rejectAt(2)]);
    await store.append([]);
    await store.append([rejectAt(3)]);
    expect(readdirSync(folder.path)).toEqual([PARTIAL, "r.jsonl"]);
    expect(read(folder)).toBe("of an earlier run\n");
    await store.publish();
    await store.publish();
    expect(readdirSync(folder.path)).toEqual(["r.jsonl"]);
    expect(read(folder)).toBe(textOf([rejectAt(1), rejectAt(2), rejectAt(3)]));
  });

  test("publishes an empty file of a run without rejects, and makes the folder", async () => {
    using folder = new Folder();
    await using store = await openRejectFile({ path: "new/r.jsonl" }, { run: RUN, baseDir: folder.path });
    await store.publish();
    expect(read(folder, "new/r.jsonl")).toBe("");
  });

  test("refuses parts, other formats and places that cannot be written", async () => {
    using folder = new Folder();
    folder.write("plain");
    mkdirSync(folder.at("folder.jsonl"));
    const code = (path: string) =>
      openRejectFile({ path }, { run: RUN, baseDir: folder.path }).catch(({ code }: { code: string }) => code);
    expect(await code("r-{part}.jsonl")).toBe("CONFIG_INVALID");
    expect(await code("r.csv")).toBe("CONFIG_INVALID");
    expect(await code("r-{partition}.jsonl")).toBe("CONFIG_INVALID");
    expect(await code("folder.jsonl")).toBe("SINK_REFUSED");
    expect(await code("plain/r.jsonl")).toBe("SINK_REFUSED");
  });

  test.each<[key: string, options: Partial<FileSinkOptions>]>([
    ["path", { path: "r.jsonl.gz" }],
    ["compression", { compression: "gzip" }],
    ["mode", { mode: "append" }],
    ["rotate", { rotate: { records: 1 } }],
    ["partitionBy", { partitionBy: ["day"] }],
    ["columns", { columns: ["raw"] }],
  ])("refuses what only a sink's own files can be: %s", async (key, options) => {
    using folder = new Folder();
    const opening = openRejectFile({ path: "r.jsonl", ...options }, { run: RUN, baseDir: folder.path });
    const message = expect.stringContaining(`rejects.${key}: rejects are one plain file of JSON lines`);
    await expect(opening).rejects.toMatchObject({ code: "CONFIG_INVALID", message });
  });

  test("keeps what it wrote when nobody publishes", async () => {
    using folder = new Folder();
    {
      await using store = await openIn(folder);
      await store.append([rejectAt(1)]);
    }
    expect(read(folder, PARTIAL)).toBe(textOf([rejectAt(1)]));
  });

  test("writes over what a failed append left, and publishes only whole lines", async () => {
    using folder = new Folder();
    const handle = await open(import.meta.filename);
    const prototype = Object.getPrototypeOf(handle) as typeof handle;
    await handle.close();
    await using store = await openIn(folder);
    await store.append([rejectAt(1)]);
    const full = Object.assign(new Error("full"), { code: "ENOSPC" });
    vi.spyOn(prototype, "datasync").mockRejectedValueOnce(full);
    const refusal = { code: "SINK_FAILED", message: expect.stringContaining("the disk is full") };
    await expect(store.append([rejectAt(2), rejectAt(3)])).rejects.toMatchObject(refusal);
    await store.append([rejectAt(2)]);
    await store.publish();
    expect(read(folder)).toBe(textOf([rejectAt(1), rejectAt(2)]));
  });

  test("tries to publish again without losing a line", async () => {
    using folder = new Folder();
    await using store = await openIn(folder);
    await store.append([rejectAt(1)]);
    mkdirSync(folder.at("r.jsonl/x"), { recursive: true });
    await expect(store.publish()).rejects.toMatchObject({ message: expect.stringContaining("publishing the rejects") });
    renameSync(folder.at("r.jsonl"), folder.at("away"));
    await store.publish();
    expect(read(folder)).toBe(textOf([rejectAt(1)]));
  });
});

describe.each([
  ["of one sink, in the order of the commits", true],
  ["of several sinks, in any order", false],
])("RejectStore.resume() of rejects %s", (_whose, inOrder) => {
  const upTo = (committed: Iterable<[string, bigint]> = []): CommittedRejects => {
    const ordinals = new Map(committed);
    return { before: (split) => ordinals.get(split) ?? 0n, inOrder };
  };

  async function resumed(folder: Folder, committed: Iterable<[string, bigint]>): Promise<string> {
    await using store = await openIn(folder);
    await store.resume(upTo(committed));
    await store.append([rejectAt(99)]);
    await store.publish();
    expect(readdirSync(folder.path)).toEqual(["r.jsonl"]);
    return read(folder);
  }

  test("drops the lines of records that will be read again, whatever their split", async () => {
    using folder = new Folder();
    const lines = [
      rejectAt(1),
      rejectAt(4, { split: 'b "x".csv' }),
      rejectAt(5),
      rejectAt(7, { split: 'b "x".csv' }),
      rejectAt(2, { split: "new.csv" }),
    ];
    folder.write(PARTIAL, textOf(lines));
    const kept = await resumed(folder, [
      ["a.csv", 6n],
      ['b "x".csv', 7n],
    ]);
    expect(kept).toBe(textOf([...lines.slice(0, 3), rejectAt(99)]));
  });

  test("keeps the record before the committed ordinal and drops the one at it", async () => {
    using folder = new Folder();
    folder.write(PARTIAL, textOf([rejectAt(4), rejectAt(5)]));
    expect(await resumed(folder, [["a.csv", 5n]])).toBe(textOf([rejectAt(4), rejectAt(99)]));
  });

  test("takes back what this run published at its end", async () => {
    using folder = new Folder();
    folder.write("r.jsonl", textOf([rejectAt(1), rejectAt(8)]));
    expect(await resumed(folder, [["a.csv", 5n]])).toBe(textOf([rejectAt(1), rejectAt(99)]));
  });

  test("goes on in a file of its own, so that a late write of a process taken for dead changes nothing", async () => {
    using folder = new Folder();
    await using zombie = await openIn(folder);
    await zombie.append([rejectAt(1)]);
    await using store = await openIn(folder);
    await store.resume(upTo([["a.csv", 5n]]));
    await store.append([rejectAt(2)]);
    await zombie.append([rejectAt(7, { message: "late" })]);
    await store.publish();
    expect(read(folder)).toBe(textOf([rejectAt(1), rejectAt(2)]));
    expect(readdirSync(folder.path)).toEqual(["r.jsonl"]);
  });

  test("leaves what another run published until it publishes itself", async () => {
    using folder = new Folder();
    const other = textOf([rejectAt(1, { run: "other" })]);
    folder.write("r.jsonl", other);
    await using store = await openIn(folder);
    await store.resume(upTo([["a.csv", 5n]]));
    expect(read(folder)).toBe(other);
    await store.publish();
    expect(read(folder)).toBe("");
  });

  test("begins with nothing where nothing is left", async () => {
    using folder = new Folder();
    expect(await resumed(folder, [["a.csv", 5n]])).toBe(textOf([rejectAt(99)]));
  });

  test("drops everything where nothing was committed", async () => {
    using folder = new Folder();
    folder.write(PARTIAL, textOf([rejectAt(0), rejectAt(1)]));
    expect(await resumed(folder, [])).toBe(textOf([rejectAt(99)]));
  });

  test("finds the head of a line whose raw bytes are far larger than what is read at once", async () => {
    using folder = new Folder();
    const lines = [rejectAt(1, { raw: "x".repeat(300_000) }), rejectAt(2, { raw: "y".repeat(200_000) })];
    folder.write(PARTIAL, textOf(lines));
    expect(await resumed(folder, [["a.csv", 2n]])).toBe(textOf([...lines.slice(0, 1), rejectAt(99)]));
  });

  test("refuses a file of something else", async () => {
    using folder = new Folder();
    folder.write(PARTIAL, `${textOf([rejectAt(1)])}{"some":"thing"}\n`);
    await using store = await openIn(folder);
    const refusal = { code: "SINK_REFUSED", message: expect.stringContaining("is no reject of millrace") };
    await expect(store.resume(upTo())).rejects.toMatchObject(refusal);
  });

  test("ends at the same file wherever the process died: every cut of the bytes, every committed place", async () => {
    using folder = new Folder();
    const lines = [3, 5, 6, 9].map((ordinal) => rejectAt(ordinal, { message: "m", raw: "é\n" }));
    const whole = Buffer.from(textOf(lines));
    for (let cut = 0; cut <= whole.byteLength; cut++) {
      for (const committed of [0n, 4n, 6n, 10n]) {
        // What was committed is durable, so a cut only ever loses what comes after it.
        const durable = textOf(lines.filter(({ position }) => position.ordinal < committed));
        if (cut < Buffer.byteLength(durable)) continue;
        folder.write(PARTIAL, whole.subarray(0, cut));
        await using store = await openIn(folder);
        await store.resume(upTo([["a.csv", committed]]));
        expect(read(folder, PARTIAL)).toBe(durable);
      }
    }
  }, 60_000);
});

describe("linesBackwards()", () => {
  test("finds the lines of any file, of any lengths", async () => {
    using folder = new Folder();
    const random = seededRandom(7);
    for (let round = 0; round < 60; round++) {
      const lengths = Array.from({ length: Math.floor(random() * 8) }, () => Math.floor(random() ** 4 * 150_000));
      const text = lengths.map((length) => `${"z".repeat(length)}\n`).join("") + "t".repeat(Math.floor(random() * 3));
      const file = folder.write("lines", text);
      await using handle = await open(file);
      const spans = await Array.fromAsync(linesBackwards(handle, text.length));
      const lines = spans.toReversed().map(({ begin, end }) => text.slice(begin, end));
      expect(lines).toEqual(text.match(/[^\n]*\n|[^\n]+$/g) ?? []);
      expect(spans.map(({ complete }) => complete)).toEqual(lines.toReversed().map((line) => line.endsWith("\n")));
    }
  });

  test("finds line ends at the borders of what is read at once", async () => {
    using folder = new Folder();
    for (const length of [65_534, 65_535, 65_536, 65_537, 131_071, 131_072]) {
      const file = folder.write("lines", `${"a".repeat(length)}\n${"b".repeat(65_535)}\n`);
      await using handle = await open(file);
      const spans = await Array.fromAsync(linesBackwards(handle, length + 1 + 65_536));
      expect(spans.map(({ begin }) => begin)).toEqual([length + 1, 0]);
      appendFileSync(file, "torn");
      truncateSync(file, 0);
    }
  });
});

test("RejectStore.resume() of several sinks drops what each has not committed, wherever it stands", async () => {
  using folder = new Folder();
  const common = [rejectAt(1), rejectAt(5), rejectAt(9)];
  const ofA = [rejectAt(2, { sink: "a", stage: "write" }), rejectAt(6, { sink: "a", stage: "write" })];
  const ofB = [rejectAt(2, { sink: "b", stage: "write" }), rejectAt(3, { sink: "b", raw: "one\u2028two" })];
  const [firstOfA, lastOfA] = ofA as [Reject, Reject];
  const [firstOfB, lastOfB] = ofB as [Reject, Reject];
  await using first = await openIn(folder);
  for (const batch of [[firstOfB], [common[0], firstOfA], [lastOfB], [common[1], lastOfA], [common[2]]]) {
    await first.append(batch as Reject[]);
  }
  appendFileSync(folder.at(PARTIAL), '{"torn');
  const ordinals: { readonly [sink: string]: bigint } = { a: 7n, b: 3n };
  await using second = await openIn(folder);
  await second.resume({ before: (_split, sink) => (sink === undefined ? 7n : (ordinals[sink] ?? 0n)), inOrder: false });
  await second.append([rejectAt(9)]);
  await second.publish();
  expect(read(folder)).toBe(textOf([firstOfB, rejectAt(1), firstOfA, rejectAt(5), lastOfA, rejectAt(9)]));
  expect(readdirSync(folder.path)).toEqual(["r.jsonl"]);
});
