import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { BoundSource, SourceContext, SplitPlan } from "../../../src/core/ports/source.ts";
import { type FileSourceOptions, fileSourceShape } from "../../../src/connectors/file/options.ts";
import { fileSource } from "../../../src/connectors/file/source.ts";
import { Folder, bareFormat, plainFormat, sourceContext } from "./file-support.ts";

const live = new AbortController().signal;
const shape = z.strictObject(fileSourceShape);

function options(path: string | string[], change: Partial<z.input<typeof shape>> = {}): FileSourceOptions {
  return shape.parse({ path, ...change });
}

function resolve(folder: Folder, path: string | string[], context?: SourceContext): Promise<BoundSource> {
  return fileSource.resolve(options(path), context ?? sourceContext(folder.path));
}

async function failure(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return promise.then(
    () => ({ code: "none", message: "" }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );
}

function only(source: BoundSource): SplitPlan {
  const [split] = source.splits;
  if (split === undefined || source.splits.length > 1) throw new Error(`${source.splits.length} splits`);
  return split;
}

async function readAll(source: BoundSource, split: SplitPlan, token = split.origin, blockBytes = 7): Promise<string> {
  await using reader = await source.open(split, { ordinal: 0n, token }, live);
  if (reader.kind !== "bytes") throw new Error("a file is a stream of bytes");
  const block = new Uint8Array(new SharedArrayBuffer(blockBytes));
  let text = "";
  for (let length = 1; length > 0; ) {
    length = await reader.read(block);
    text += Buffer.from(block.slice(0, length)).toString("latin1");
  }
  return text;
}

describe("fileSource.resolve() finds", () => {
  test("one file, with its header, origin and size", async () => {
    using folder = new Folder();
    folder.write("a.csv", "id,name\n1,x\n");
    const source = await resolve(folder, "./a.csv");
    expect(source.label).toBe("./a.csv");
    const expected = { id: "a.csv", origin: "8", originLine: 2, fields: ["id", "name"], bytes: 12 };
    expect(only(source)).toMatchObject(expected);
    await source[Symbol.asyncDispose]();
  });

  test("the files of a glob in name order, without folders and hidden files", async () => {
    using folder = new Folder();
    for (const name of ["b.csv", "a.csv", ".a.csv.run1.partial", "c.txt", "Z.csv"]) folder.write(name, "id\n");
    mkdirSync(folder.at("folder.csv"));
    const source = await resolve(folder, "*.csv");
    expect(source.splits.map(({ id }) => id)).toEqual(["Z.csv", "a.csv", "b.csv"]);
    expect(source.label).toBe("*.csv (3 files)");
  });

  test("all files of a folder, without hidden ones and its own folders", async () => {
    using folder = new Folder();
    for (const name of ["in/b.csv", "in/a.csv", "in/.a.csv.partial", "in/deep/c.csv"]) folder.write(name, "id\n");
    symlinkSync("..", folder.at("in/up"));
    const source = await resolve(folder, "in/");
    expect(source.splits.map(({ id }) => id)).toEqual(["in/a.csv", "in/b.csv"]);
    expect(source.label).toBe("in/ (2 files)");
  });

  test("files of odd names, by path, glob and folder", async () => {
    using folder = new Folder();
    const names = [
      "a b.csv",
      "[x].csv",
      "line\nfeed.csv",
      "quote\"'.csv",
      "*.csv",
      "ünï😀.csv",
      "-rf.csv",
      "back\\slash.csv",
    ];
    for (const name of names) folder.write(`in/${name}`, `id\n${name.length}\n`);
    const expected = names.map((name) => `in/${name}`).toSorted();
    for (const path of ["in", "in/*", names.map((name) => `in/${name}`)]) {
      const source = await resolve(folder, path);
      expect(source.splits.map(({ id }) => id)).toEqual(expected);
      for (const split of source.splits) expect(await readAll(source, split)).toBe(`${split.id.length - 3}\n`);
    }
  });

  test("files behind links that lead in a circle, once each", async () => {
    using folder = new Folder();
    folder.write("in/a.csv", "id\n");
    symlinkSync("..", folder.at("in/up"));
    const source = await resolve(folder, "in/**/*.csv");
    expect(source.splits.map(({ id }) => id)).toEqual(["in/a.csv"]);
  });

  test("the files of a list of paths and globs, once each", async () => {
    using folder = new Folder();
    for (const name of ["data/b.csv", "data/a.csv", "x.csv"]) folder.write(name, "id\n");
    mkdirSync(folder.at("jobs"));
    const paths = ["../x.csv", "../data/*.csv", "../data/../data/a.csv", folder.at("x.csv")];
    const source = await resolve(folder, paths, sourceContext(folder.at("jobs")));
    expect(source.splits.map(({ id }) => id)).toEqual(["../data/a.csv", "../data/b.csv", "../x.csv"]);
  });

  test.each([
    "a b.csv",
    "x[1].csv",
    "q?.csv",
    "star*.csv",
    "ünï\u{1F600}.csv",
    "-n.csv",
    "line\nfeed.csv",
    "{a,b}.csv",
  ])("a file called %j", async (name) => {
    using folder = new Folder();
    folder.write(name, "id\n1\n");
    folder.write("other1.csv", "id\n2\n");
    const source = await resolve(folder, name);
    expect(only(source).id).toBe(name);
    expect(await readAll(source, only(source))).toBe("1\n");
  });

  test("a file behind a symbolic link", async () => {
    using folder = new Folder();
    symlinkSync(folder.write("a.csv", "id\n1\n"), folder.at("latest.csv"));
    expect(only(await resolve(folder, "latest.csv")).bytes).toBe(5);
  });

  test("an empty file as a split without records where no header is expected", async () => {
    using folder = new Folder();
    folder.write("a.jsonl");
    const context = sourceContext(folder.path, { format: bareFormat, columns: { id: { type: "int" } } });
    const source = await resolve(folder, "a.jsonl", context);
    expect(only(source)).toMatchObject({ id: "a.jsonl", origin: "0", bytes: 0 });
    expect(await readAll(source, only(source))).toBe("");
  });

  test("no fields where the format has no header", async () => {
    using folder = new Folder();
    folder.write("a.jsonl", '{"id":1}\n');
    const context = sourceContext(folder.path, { format: bareFormat, columns: { id: { type: "int" } } });
    expect(only(await resolve(folder, "a.jsonl", context))).toMatchObject({ origin: "0", originLine: 1 });
  });

  test("a header longer than the first look", async () => {
    using folder = new Folder();
    const header = Array.from({ length: 30_000 }, (_, i) => `column${i}`).join(",");
    folder.write("a.csv", `${header}\n1\n`);
    expect(only(await resolve(folder, "a.csv"))).toMatchObject({ origin: String(header.length + 1) });
  });

  test("10,000 small files within seconds", async () => {
    using folder = new Folder();
    for (let i = 0; i < 10_000; i++) writeFileSync(folder.at(`part-${String(i).padStart(5, "0")}.csv`), `id\n${i}\n`);
    const begun = performance.now();
    const source = await resolve(folder, "part-*.csv");
    expect(source.splits).toHaveLength(10_000);
    expect(source.splits[9999]?.id).toBe("part-09999.csv");
    expect(performance.now() - begun).toBeLessThan(15_000);
  }, 60_000);
});

describe("fileSource.resolve() refuses", () => {
  const data = (): Folder => {
    const folder = new Folder();
    for (const name of ["orders-1.csv", "orders-2.csv", "orders-3.csv", "users.csv"])
      folder.write(`data/${name}`, "id\n");
    mkdirSync(folder.at("jobs"));
    return folder;
  };
  test.each([
    ["../data/order-*.csv", "did you mean ../data/orders-*.csv (3 files)?"],
    ["../data/orders-?.cvs", "did you mean ../data/orders-?.csv (3 files)?"],
    ["../data/user.csv", "did you mean ../data/users.csv?"],
    ["../dat/orders-*.csv", "did you mean ../data/orders-*.csv (3 files)?"],
    ["../dat/zebra.csv", "the folder ../dat does not exist; there is data"],
    ["../elsewhere/x.csv", "the folder ../elsewhere does not exist"],
    ["../data/*.parquet", "the folder ../data holds 4 other files, such as orders-1.csv"],
    ["*.csv", "the folder . holds no files"],
    ["../data/users.csv/deep/x.csv", "the folder ../data/users.csv does not exist"],
  ])("%s: no file matches; %s", async (path, hint) => {
    using folder = data();
    const { code, message } = await failure(resolve(folder, path, sourceContext(folder.at("jobs"))));
    expect(code).toBe("SOURCE_NOT_FOUND");
    expect(message).toBe(`source.path: no file matches ${path}\n  ${hint}`);
  });

  test("an absolute path of which nothing exists, and one of a list", async () => {
    using folder = data();
    const { message } = await failure(resolve(folder, [folder.at("data/users.csv"), folder.at("data/userz.csv")]));
    expect(message).toContain(`did you mean ${folder.at("data/users.csv")}?`);
  });

  test("a folder without files", async () => {
    using folder = data();
    folder.write("full/.hidden.csv", "id\n");
    mkdirSync(folder.at("full/deeper"));
    const { code, message } = await failure(resolve(folder, "full"));
    expect({ code, message }).toEqual({
      code: "SOURCE_NOT_FOUND",
      message: "source.path: the folder full holds no files",
    });
  });

  test.skipIf(process.getuid?.() === 0)("a folder that may not be read, wherever a glob meets it", async () => {
    using folder = data();
    folder.write("in/b/x.csv", "id\n");
    folder.write("in/a/x.csv", "id\n");
    chmodSync(folder.at("in/b"), 0o300);
    for (const path of ["in/b", "in/b/*.csv", "in/*/x.csv", "in/**/*.csv"]) {
      const { code, message } = await failure(resolve(folder, path));
      expect({ code, message }).toEqual({
        code: "SOURCE_FAILED",
        message: expect.stringMatching(/^source\.path: .*in\/b cannot be read: this user may not do that/),
      });
    }
    chmodSync(folder.at("in/b"), 0o700);
  });

  test("a name that the system's bytes cannot say in UTF-8", async () => {
    using folder = new Folder();
    spawnSync("sh", ["-c", 'printf "id\\n" > "$(printf "a\\377.csv")"'], { cwd: folder.path });
    for (const path of ["*.csv", "."]) {
      const { code, message } = await failure(resolve(folder, path));
      expect(code).toBe("SOURCE_FAILED");
      expect(message).toContain("name is not valid UTF-8; rename it");
    }
  });

  test("links in a circle and links to nothing", async () => {
    using folder = new Folder();
    symlinkSync("b.csv", folder.at("a.csv"));
    symlinkSync("a.csv", folder.at("b.csv"));
    symlinkSync("gone", folder.at("c.csv"));
    const circle = await failure(resolve(folder, "a.csv"));
    expect(circle).toEqual({ code: "SOURCE_FAILED", message: expect.stringContaining("lead in a circle") });
    const nothing = await failure(resolve(folder, "c*.csv"));
    expect(nothing).toEqual({ code: "SOURCE_FAILED", message: expect.stringContaining("symbolic link to nothing") });
  });

  test("pipes and devices without opening them", async () => {
    using folder = new Folder();
    spawnSync("mkfifo", [folder.at("pipe.csv")]);
    for (const path of ["pipe.csv", "pipe*"]) {
      const pipe = await failure(resolve(folder, path));
      expect(pipe).toEqual({ code: "SOURCE_FAILED", message: expect.stringContaining("pipe.csv is a pipe") });
    }
    const device = await failure(resolve(folder, "/dev/null"));
    expect(device).toEqual({ code: "SOURCE_FAILED", message: expect.stringContaining("/dev/null is a device") });
  });

  test("a header without a declared column, and names the file, the column and the nearest name", async () => {
    using folder = new Folder();
    folder.write("a.csv", "id,amount\n");
    folder.write("b.csv", "id,amout\n");
    const context = sourceContext(folder.path, { columns: { id: { type: "int" }, amount: { type: "decimal" } } });
    expect(await failure(resolve(folder, "*.csv", context))).toEqual({
      code: "COLUMN_UNKNOWN",
      message: "columns.amount: the header of b.csv has no such column\n  did you mean amout?",
    });
    const far = sourceContext(folder.path, { columns: { quantity: { type: "int" } } });
    expect(await failure(resolve(folder, "a.csv", far))).toMatchObject({
      message: expect.stringContaining("the header has id, amount"),
    });
  });

  test("a header that the format refuses, with the file's name", async () => {
    using folder = new Folder();
    folder.write("a.csv", "id,id\n");
    const refused = await failure(resolve(folder, "a.csv"));
    expect(refused).toEqual({ code: "HEADER_INVALID", message: "a.csv: the header names a column twice" });
  });

  test("a header without an end", async () => {
    using folder = new Folder();
    folder.write("a.csv", "x".repeat(400_000));
    const endless = await failure(resolve(folder, "a.csv", sourceContext(folder.path, { maxRecordBytes: 1000 })));
    expect(endless).toEqual({
      code: "HEADER_INVALID",
      message: expect.stringContaining("does not end within maxRecordBytes (1000)"),
    });
    const never = { ...plainFormat, readHeader: () => null };
    const short = await failure(resolve(folder, "a.csv", sourceContext(folder.path, { format: never })));
    expect(short.code).toBe("HEADER_INVALID");
  });

  test("everything at the first fault, though many files are looked at side by side", async () => {
    using folder = new Folder();
    for (let i = 0; i < 100; i++) folder.write(`${i}.csv`, i === 50 ? "id,id\n" : "id\n");
    expect(await failure(resolve(folder, "*.csv"))).toMatchObject({ code: "HEADER_INVALID" });
  });
});

describe("BoundSource.open()", () => {
  const text = `id\n${Array.from({ length: 30_000 }, (_, i) => `${i}\n`).join("")}`;

  test("reads from any byte on, in pieces of any size", async () => {
    using folder = new Folder();
    folder.write("a.csv", text);
    const source = await resolve(folder, "a.csv");
    expect(await readAll(source, only(source), "0", 4096)).toBe(text);
    expect(await readAll(source, only(source), "100000", 1 << 20)).toBe(text.slice(100_000));
    expect(await readAll(source, only(source), String(text.length))).toBe("");
  });

  test("reads what was appended since", async () => {
    using folder = new Folder();
    const file = folder.write("a.csv", text);
    const split = only(await resolve(folder, "a.csv"));
    appendFileSync(file, "more\n");
    expect(await readAll(await resolve(folder, "a.csv"), split, String(text.length))).toBe("more\n");
  });

  const changes: readonly [string, string, (file: string) => void][] = [
    ["shortened", "it was shortened from", (file) => truncateSync(file, 1000)],
    ["emptied", "it was shortened from", (file) => truncateSync(file, 0)],
    ["rewritten in place", "its beginning was rewritten", (file) => writeFileSync(file, `ID${text.slice(2)}`)],
    [
      "replaced by a copy",
      "it is another file of the same name",
      (file) => {
        copyFileSync(file, `${file}.new`);
        renameSync(`${file}.new`, file);
      },
    ],
  ];
  test.each(changes)("refuses a file that was %s", async (_, reason, change) => {
    using folder = new Folder();
    const file = folder.write("a.csv", text);
    const split = only(await resolve(folder, "a.csv"));
    change(file);
    const now = await resolve(folder, "a.csv");
    const refused = await failure(now.open(split, { ordinal: 5n, token: "5000" }, live));
    expect(refused.code).toBe("SOURCE_CHANGED");
    expect(refused.message).toContain(`a.csv has changed since this run began: ${reason}`);
    expect(refused.message).toContain("--restart");
  });

  test("refuses a file shorter than what was taken from it", async () => {
    using folder = new Folder();
    folder.write("a.csv", text);
    const source = await resolve(folder, "a.csv");
    const beyond = { ordinal: 1n, token: String(text.length + 1) };
    expect(await failure(source.open(only(source), beyond, live))).toMatchObject({ code: "SOURCE_CHANGED" });
  });

  test("refuses a file that is gone, a split it does not know, and a token or fingerprint that is none", async () => {
    using folder = new Folder();
    const file = folder.write("a.csv", text);
    const source = await resolve(folder, "a.csv");
    const [split, from] = [only(source), { ordinal: 0n, token: "0" }];
    const code = async (other: Partial<SplitPlan>, token = "0") =>
      (await failure(source.open({ ...split, ...other }, { ...from, token }, live))).code;
    expect(await code({ id: "b.csv" })).toBe("SOURCE_CHANGED");
    expect(await code({}, "next page")).toBe("SOURCE_CHANGED");
    expect(await code({ fingerprint: "odd" })).toBe("STATE_CORRUPT");
    rmSync(file);
    expect(await failure(source.open(split, from, live))).toEqual({
      code: "SOURCE_FAILED",
      message: "opening a.csv: it does not exist (ENOENT)",
    });
  });

  test("opens a split without a fingerprint as it is", async () => {
    using folder = new Folder();
    folder.write("a.csv", "id\n1\n");
    const source = await resolve(folder, "a.csv");
    expect(await readAll(source, { id: "a.csv", origin: "3" })).toBe("1\n");
  });

  test("stops reading when it is aborted, and names the byte of a read that fails", async () => {
    using folder = new Folder();
    folder.write("a.csv", text);
    const source = await resolve(folder, "a.csv");
    const stop = new AbortController();
    const reader = await source.open(only(source), { ordinal: 0n, token: "3" }, stop.signal);
    if (reader.kind !== "bytes") throw new Error("a file is a stream of bytes");
    await reader.read(new Uint8Array(10));
    stop.abort();
    expect(await failure(reader.read(new Uint8Array(10)))).toMatchObject({ code: "ABORTED" });
    const other = await source.open(only(source), { ordinal: 0n, token: "3" }, live);
    await other[Symbol.asyncDispose]();
    if (other.kind !== "bytes") throw new Error("a file is a stream of bytes");
    const failed = await failure(other.read(new Uint8Array(10)));
    expect(failed).toEqual({ code: "SOURCE_FAILED", message: expect.stringContaining("reading a.csv at byte 3") });
    await reader[Symbol.asyncDispose]();
  });
});
