import { mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import path from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { isMillraceError } from "../../../src/core/errors.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { BoundSink, SinkSession, SinkUnit, SinkWriter } from "../../../src/core/ports/sink.ts";
import { toSinkError, toSourceError } from "../../../src/connectors/file/errors.ts";
import { formatOfPath } from "../../../src/connectors/file/options.ts";
import { cutIntoParts } from "../../../src/connectors/file/rotation.ts";
import { fileSink } from "../../../src/connectors/file/sink.ts";
import { contents, numbered, rows, type SinkChange, sinkOptions as options } from "./file-sink-support.ts";
import { Folder, sinkContext } from "./file-support.ts";
import { ROWS_ORIGIN } from "../../support/rows-origin.ts";

function session(run = "run-1"): SinkSession {
  const signal = new AbortController().signal;
  return { job: "j", run, scope: run, sink: "sink", signal, resumed: false };
}

function resolve(folder: Folder, path: string, change: SinkChange = {}): Promise<BoundSink> {
  return fileSink.resolve(options(path, change), sinkContext(folder.path));
}

async function open(folder: Folder, path: string, change: SinkChange = {}): Promise<SinkWriter> {
  return (await resolve(folder, path, change)).open(session());
}

async function write(writer: SinkWriter, ...lines: string[]): Promise<void> {
  const unit = await writer.begin("fast", null);
  expect(await unit.write(rows(...lines), ROWS_ORIGIN)).toEqual({ rejects: [] });
  await unit.commit([], []);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets the next call of a method of every file handle fail as the file system would. */
async function failNext(method: "write" | "datasync" | "truncate", code: string): Promise<void> {
  const handle = await fs.open(import.meta.filename);
  const prototype = Object.getPrototypeOf(handle) as typeof handle;
  await handle.close();
  const error = Object.assign(new Error(`${code}: it failed, ${method}`), { code });
  vi.spyOn(prototype, method).mockRejectedValueOnce(error);
}

describe("fileSink.resolve()", () => {
  test("tells what the threads are to make", async () => {
    using folder = new Folder();
    const csv = await fileSink.resolve(
      { ...options("a.csv", { columns: ["id"] }), csv: { delimiter: ";" } },
      sinkContext(folder.path),
    );
    expect(csv).toMatchObject({ label: "file a.csv", positions: "state", resume: "position", appends: false });
    const columns = [{ name: "id" }];
    const spec = {
      sink: "sink",
      format: "csv",
      options: { delimiter: ";" },
      columns,
      needsColumns: true,
      onUnknownField: "error",
    };
    expect(csv.encode).toEqual(spec);
    const lines = await resolve(folder, "a.NDJSON");
    expect(lines.encode).toMatchObject({ format: "jsonl", options: {}, columns: null, needsColumns: false });
    expect((await resolve(folder, "a.out", { format: "csv" })).encode.format).toBe("csv");
    await csv[Symbol.asyncDispose]();
    expect(contents(folder)).toEqual({});
  });

  const refusals: readonly [string, SinkChange, string, string][] = [
    ["a.csv", { mode: "append" }, "CONFIG_INVALID", "sink.mode: append adds a file at a time, which needs {part}"],
    ["a.csv", { partitionBy: ["day"] }, "CONFIG_INVALID", "sink.partitionBy: partitions need {partition}"],
    ["{partition}.csv", {}, "CONFIG_INVALID", "sink.path: {partition} needs sink.partitionBy"],
    ["a.csv", { rotate: { records: 5 } }, "CONFIG_INVALID", "parts need {part} in sink.path"],
    ["{part}/a.csv", {}, "CONFIG_INVALID", "only stand in the file's name"],
    ["a.txt", {}, "CONFIG_INVALID", "does not tell the format by its extension"],
    ["a", {}, "CONFIG_INVALID", "set format: csv or jsonl"],
    ["folder.csv", {}, "SINK_REFUSED", "sink.path: folder.csv is a folder; name a file in it"],
    ["plain/a.csv", {}, "SINK_REFUSED", "no folder"],
    ["plain/deep/a.csv", {}, "SINK_REFUSED", "a part of the path is no folder"],
  ];
  test.each(refusals)("refuses %s %j: %s, %s", async (name, change, code, text) => {
    using folder = new Folder();
    mkdirSync(folder.at("folder.csv"));
    folder.write("plain");
    await expect(resolve(folder, name, change)).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
  });

  test("refuses to replace a device", async () => {
    using folder = new Folder();
    const refusal = {
      code: "SINK_REFUSED",
      message: expect.stringContaining("a device or pipe, which a finished file cannot"),
    };
    await expect(resolve(folder, "/dev/null", { format: "csv" })).rejects.toMatchObject(refusal);
  });
});

describe("a file sink of one file", () => {
  test("shows the result only when the run has succeeded", async () => {
    using folder = new Folder();
    folder.write("out/a.jsonl", "old\n");
    await using writer = await open(folder, "out/a.jsonl");
    await write(writer, "1\n", "2\n");
    await write(writer, "3\n");
    expect(contents(folder, "out")).toEqual({ "a.jsonl": "old\n", ".a.jsonl.run-1.0.0.partial": "1\n2\n3\n" });
    await writer.finish();
    expect(contents(folder, "out")).toEqual({ "a.jsonl": "1\n2\n3\n" });
  });

  test("makes the folders, and an empty file of no rows", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "new/deep/a.jsonl");
    await writer.finish();
    expect(contents(folder, "new/deep")).toEqual({ "a.jsonl": "" });
  });

  test("begins a CSV file with the header of the run's columns, once", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.csv");
    for (const row of ["1,x\n", "2,y\n"]) {
      const unit = await writer.begin("careful", ["id", "name"]);
      await unit.write(rows(row), ROWS_ORIGIN);
      await unit.commit([], []);
    }
    await writer.finish();
    expect(contents(folder)).toEqual({ "a.csv": "id,name\n1,x\n2,y\n" });
  });

  test("writes the header of a CSV file without rows where the job names the columns", async () => {
    using folder = new Folder();
    await using named = await open(folder, "named.csv", { columns: ["id", "b"] });
    await named.finish();
    await using unnamed = await open(folder, "unnamed.csv");
    await unnamed.finish();
    expect(contents(folder)).toEqual({ "named.csv": "id,b\n", "unnamed.csv": "" });
  });

  test("says so when it is not given the formats", async () => {
    using folder = new Folder();
    const sink = await fileSink.resolve(options("a.csv"), { name: "sink", baseDir: folder.path, clock: systemClock });
    await using writer = await sink.open(session());
    await expect(writer.begin("fast", ["id"])).rejects.toMatchObject({ code: "INVARIANT" });
  });

  test("follows a link, so that it stays one", async () => {
    using folder = new Folder();
    folder.write("real/a.jsonl", "old\n");
    symlinkSync("real/a.jsonl", folder.at("latest.jsonl"));
    await using writer = await open(folder, "latest.jsonl");
    await write(writer, "new\n");
    await writer.finish();
    expect(readlinkSync(folder.at("latest.jsonl"))).toBe("real/a.jsonl");
    expect(contents(folder, "real")).toEqual({ "a.jsonl": "new\n" });
  });

  test("keeps the permissions of the file that it replaces", async () => {
    using folder = new Folder();
    const file = folder.write("a.jsonl");
    await fs.chmod(file, 0o600);
    await using writer = await open(folder, "a.jsonl");
    await writer.finish();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("names the file that somebody took away before it could be published", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.jsonl");
    await write(writer, "1\n");
    unlinkSync(folder.at(".a.jsonl.run-1.0.0.partial"));
    const refusal = {
      code: "SINK_FAILED",
      message: expect.stringContaining(`publishing ${folder.at("a.jsonl")}: it does not exist`),
    };
    await expect(writer.finish()).rejects.toMatchObject(refusal);
  });
});

describe("a unit of a file sink", () => {
  test("rollback() takes back what it wrote, also whole parts", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "{part}.jsonl", { rotate: { records: 3 } });
    await write(writer, ...numbered(2));
    const unit = await writer.begin("fast", null);
    await unit.write(rows(...numbered(9)), ROWS_ORIGIN);
    expect(readdirSync(folder.path)).toHaveLength(4);
    await unit.rollback();
    expect(contents(folder)).toEqual({ ".{part}.jsonl.run-1.0.0.partial": "row 0\nrow 1\n" });
    await write(writer, "x\n", "y\n");
    await writer.finish();
    expect(contents(folder)).toEqual({ "00000.jsonl": "row 0\nrow 1\nx\n", "00001.jsonl": "y\n" });
  });

  test("write() that fails half-way is undone by a rollback and can be tried again", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.jsonl");
    await write(writer, "1\n");
    const unit = await writer.begin("fast", null);
    await unit.write(rows("2\n"), ROWS_ORIGIN);
    await failNext("write", "EIO");
    await expect(unit.write(rows("3\n"), ROWS_ORIGIN)).rejects.toMatchObject({
      code: "SINK_UNAVAILABLE",
      fault: "transient",
    });
    await unit.rollback();
    await write(writer, "2\n", "3\n");
    await writer.finish();
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n2\n3\n" });
  });

  test("commit() that cannot be made durable is undone by a rollback and can be tried again", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.jsonl");
    const unit = await writer.begin("fast", null);
    await unit.write(rows("1\n"), ROWS_ORIGIN);
    await failNext("datasync", "EIO");
    await expect(unit.commit([], [])).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
    await unit.rollback();
    await write(writer, "1\n");
    await writer.finish();
    expect(contents(folder)).toEqual({ "a.jsonl": "1\n" });
  });

  test("write() onto a full disk is fatal and says what to do", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.jsonl");
    const unit = await writer.begin("fast", null);
    await failNext("write", "ENOSPC");
    await expect(unit.write(rows("1\n"), ROWS_ORIGIN)).rejects.toMatchObject({
      code: "SINK_FAILED",
      fault: "fatal",
      message: `writing ${folder.at("a.jsonl")}: the disk is full; make room and run again (ENOSPC)`,
    });
  });

  test("begin() refuses to go on after a rollback that failed", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.jsonl");
    await write(writer, "1\n");
    const unit: SinkUnit = await writer.begin("fast", null);
    await unit.write(rows("2\n"), ROWS_ORIGIN);
    await failNext("truncate", "EIO");
    await unit.rollback();
    const refusal = { message: expect.stringContaining("taking an unfinished unit back") };
    await expect(writer.begin("fast", null)).rejects.toMatchObject(refusal);
  });

  test("write() whose header cannot be written leaves nothing and can be tried again", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "a.csv");
    const unit = await writer.begin("fast", ["id"]);
    await failNext("write", "EAGAIN");
    await expect(unit.write(rows("1\n"), ROWS_ORIGIN)).rejects.toMatchObject({ code: "SINK_UNAVAILABLE" });
    await unit.rollback();
    expect(contents(folder)).toEqual({});
    const again = await writer.begin("fast", ["id"]);
    await again.write(rows("1\n"), ROWS_ORIGIN);
    await again.commit([], []);
    await writer.finish();
    expect(contents(folder)).toEqual({ "a.csv": "id\n1\n" });
  });

  test("write() names a folder that was taken away", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "out/a.jsonl");
    await fs.rmdir(folder.at("out"));
    const unit = await writer.begin("fast", null);
    const refusal = { code: "SINK_FAILED", message: expect.stringContaining("it does not exist") };
    await expect(unit.write(rows("1\n"), ROWS_ORIGIN)).rejects.toMatchObject(refusal);
  });
});

describe("a file sink of parts", () => {
  test("begins every part with the header and counts it in", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "{part}.csv", { rotate: { bytes: 7 } });
    const unit = await writer.begin("fast", ["id"]);
    await unit.write(rows("1\n", "2\n", "3\n", "44444444\n", "5\n"), ROWS_ORIGIN);
    await unit.commit([], []);
    await writer.finish();
    const texts = ["id\n1\n2\n", "id\n3\n", "id\n44444444\n", "id\n5\n"];
    expect(contents(folder)).toEqual(Object.fromEntries(texts.map((text, i) => [`0000${i}.csv`, text])));
  });

  test("is one part where nothing says when to rotate", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "{part}-{part}.jsonl");
    folder.write("00000-00001.jsonl", "not a part");
    await write(writer, ...numbered(3));
    await writer.finish();
    expect(contents(folder)).toEqual({
      "00000-00000.jsonl": "row 0\nrow 1\nrow 2\n",
      "00000-00001.jsonl": "not a part",
    });
  });

  test("cuts the same parts however the rows come in chunks, units and failures", async () => {
    const lines = numbered(60);
    const limits = { rotate: { records: 7, bytes: 40 } };
    const results: unknown[] = [];
    for (const step of [1, 2, 3, 7, 13, 60]) {
      using folder = new Folder();
      await using writer = await open(folder, "{part}.jsonl", limits);
      for (let i = 0; i < lines.length; i += step) {
        const failed = await writer.begin("fast", null);
        await failed.write(rows(...lines.slice(i, i + step * 2)), ROWS_ORIGIN);
        await failed.rollback();
        await write(writer, ...lines.slice(i, i + step));
      }
      await writer.finish();
      results.push(contents(folder));
    }
    expect(Object.values(results[0] as object).join("")).toBe(lines.join(""));
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("goes on publishing where a rename failed", async () => {
    using folder = new Folder();
    await using writer = await open(folder, "{part}.jsonl", { rotate: { records: 1 } });
    await write(writer, ...numbered(3));
    mkdirSync(folder.at("00001.jsonl"));
    writeFileSync(path.join(folder.at("00001.jsonl"), "x"), "");
    await expect(writer.finish()).rejects.toSatisfy((thrown) => isMillraceError(thrown));
    await fs.rm(folder.at("00001.jsonl"), { recursive: true });
    await writer.finish();
    expect(Object.keys(contents(folder))).toEqual(["00000.jsonl", "00001.jsonl", "00002.jsonl"]);
  });
});

describe("cutIntoParts()", () => {
  test("makes nothing of an output without rows", () => {
    const none = { bytes: new Uint8Array(), rows: 0, rowEnds: new Int32Array() };
    expect([...cutIntoParts(none, { size: 0, rows: 0 }, { bytes: 1, records: 1 }, 0)]).toEqual([]);
  });

  test("rotates before the first row where the part is full already", () => {
    const limits = { bytes: 100, records: 2 };
    expect([...cutIntoParts(rows("a\n"), { size: 4, rows: 2 }, limits, 0)]).toEqual([
      { begin: 0, end: 2, rows: 1, rotate: true },
    ]);
  });
});

describe("formatOfPath()", () => {
  test.each([
    ["a.csv", "csv"],
    ["data/*.jsonl.gz", "jsonl"],
    ["a.ndjson.zst", "jsonl"],
    ["a.JSON", "json"],
    ["a.log", "text"],
    ["a", undefined],
    ["a.parquet", undefined],
  ])("reads %s as %s", (path, format) => {
    expect(formatOfPath(path)).toBe(format);
  });
});

describe("errors of the file system", () => {
  const errno = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

  test.each([
    ["ENOSPC", "SINK_FAILED", "fatal"],
    ["EDQUOT", "SINK_FAILED", "fatal"],
    ["EFBIG", "SINK_FAILED", "fatal"],
    ["EACCES", "SINK_REFUSED", "fatal"],
    ["EROFS", "SINK_REFUSED", "fatal"],
    ["EMFILE", "SINK_UNAVAILABLE", "transient"],
    ["ESTALE", "SINK_UNAVAILABLE", "transient"],
    ["EWEIRD", "SINK_FAILED", "fatal"],
  ])("%s of a write is %s, %s", (code, expected, fault) => {
    expect(toSinkError(errno(code), "writing a")).toMatchObject({ code: expected, fault });
  });

  test("of a read may pass", () => {
    expect(toSourceError(errno("EIO"), "reading a")).toMatchObject({ code: "SOURCE_FAILED", fault: "transient" });
    expect(toSourceError("odd", "reading a")).toMatchObject({ fault: "fatal", message: "reading a: odd" });
  });
});
