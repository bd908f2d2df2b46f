import {
  appendFileSync,
  copyFileSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { memberOf } from "../../support/compressed.ts";
import { IncrementalRuns, replaceByNew } from "../../support/incremental-runs.ts";
import { bareFormat, Folder, sourceContext } from "./file-support.ts";

const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `${from + i},name ${from + i}\n`).join("");
const HEADER = "id,name\n";

function csv(folder: Folder, path = "*"): IncrementalRuns {
  return new IncrementalRuns(path, sourceContext(folder.path));
}

const lines = (folder: Folder, path = "*"): IncrementalRuns =>
  new IncrementalRuns(path, sourceContext(folder.path, { format: bareFormat }));

const refusal = async (runs: IncrementalRuns): Promise<string> =>
  runs.run().then(
    () => "none",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );

describe("fileSource.continueFrom()", () => {
  test("reads new files and appended lines, and nothing twice", async () => {
    using folder = new Folder();
    const a = folder.write("a.csv", HEADER + rows(0, 3));
    const runs = csv(folder);
    expect(await runs.run()).toEqual({ "a.csv": rows(0, 3) });
    expect(await runs.run()).toEqual({});
    appendFileSync(a, rows(3, 5));
    folder.write("b.csv", HEADER + rows(0, 1));
    expect(await runs.run()).toEqual({ "a.csv": rows(3, 5), "b.csv": rows(0, 1) });
    expect(await runs.run()).toEqual({});
  });

  test("waits for the end of a half line, and for a header that is not complete", async () => {
    using folder = new Folder();
    const file = folder.write("a.csv", "");
    const runs = csv(folder);
    expect(await runs.run()).toEqual({});
    appendFileSync(file, "id,na");
    expect(await runs.run()).toEqual({});
    appendFileSync(file, "me\n1,x\n2,");
    expect(await runs.run()).toEqual({ "a.csv": "1,x\n" });
    expect(await runs.run()).toEqual({ "a.csv": "" });
    appendFileSync(file, "y\n");
    expect(await runs.run()).toEqual({ "a.csv": "2,y\n" });
  });

  test("follows a file that a rotation renamed, once and again, and begins what took its name", async () => {
    using folder = new Folder();
    const log = folder.write("app.log", rows(0, 20));
    const runs = lines(folder, "app.log*");
    expect(await runs.run()).toEqual({ "app.log": rows(0, 20) });
    appendFileSync(log, rows(20, 22));
    renameSync(log, `${log}.1`);
    writeFileSync(log, rows(100, 101));
    expect(await runs.run()).toEqual({ "app.log": rows(20, 22), "app.log#2": rows(100, 101) });
    renameSync(`${log}.1`, `${log}.2`);
    appendFileSync(log, rows(101, 120));
    renameSync(log, `${log}.1`);
    writeFileSync(log, rows(200, 201));
    appendFileSync(`${log}.2`, rows(22, 23));
    const third = await runs.run();
    expect(third).toEqual({ "app.log": rows(22, 23), "app.log#2": rows(101, 120), "app.log#3": rows(200, 201) });
    expect(Object.keys(third).at(-1)).toBe("app.log#3");
    expect(await runs.run()).toEqual({});
  });

  test("begins a file that took the name of one that is gone, also with its inode", async () => {
    using folder = new Folder();
    const log = folder.write("app.log", rows(0, 20));
    const runs = lines(folder);
    await runs.run();
    replaceByNew(log, rows(100, 140));
    folder.write("other.log", rows(200, 240));
    expect(await runs.run()).toEqual({ "app.log#2": rows(100, 140), "other.log": rows(200, 240) });
    expect(await runs.run()).toEqual({});
  });

  test("begins a file anew that was copied and emptied", async () => {
    using folder = new Folder();
    const log = folder.write("app.log", rows(0, 50));
    const runs = lines(folder, "app.log");
    await runs.run();
    copyFileSync(log, `${log}.1`);
    truncateSync(log);
    expect(await runs.run()).toEqual({});
    appendFileSync(log, rows(100, 110));
    expect(await runs.run()).toEqual({ "app.log#2": rows(100, 110) });
    appendFileSync(log, rows(110, 112));
    expect(await runs.run()).toEqual({ "app.log#2": rows(110, 112) });
  });

  test("begins a file anew that was emptied and has only its header again", async () => {
    using folder = new Folder();
    const file = folder.write("a.csv", HEADER + rows(0, 50));
    const runs = csv(folder);
    await runs.run();
    writeFileSync(file, HEADER);
    expect(await runs.run()).toEqual({});
    appendFileSync(file, rows(7, 8));
    expect(await runs.run()).toEqual({ "a.csv#2": rows(7, 8) });
  });

  test("refuses a file that was shortened, rewritten or replaced by a copy, and says what to do", async () => {
    using folder = new Folder();
    const file = folder.write("a.csv", HEADER + rows(0, 50));
    const { size } = statSync(file);
    const runs = csv(folder);
    await runs.run();
    const whole = readFileSync(file);
    truncateSync(file, 300);
    expect(await refusal(runs)).toBe(
      `SOURCE_CHANGED: a.csv has changed since it was first read: it was shortened from at least ${size} to 300 bytes. ` +
        "To read it from its start give it another name; to leave it out take it away",
    );
    writeFileSync(file, HEADER + rows(1000, 1090));
    expect(await refusal(runs)).toContain("a.csv has changed since it was first read: its beginning was rewritten");
    writeFileSync(`${file}.new`, whole);
    renameSync(`${file}.new`, file);
    expect(await refusal(runs)).toContain("it is another file with the same beginning");
    renameSync(file, folder.at("b.csv"));
    expect(await runs.run()).toEqual({ "b.csv": rows(0, 50) });
  });

  test("takes equal headers for no sign that two files are one", async () => {
    using folder = new Folder();
    const long = `id,${"name".repeat(100)}\n`;
    const file = folder.write("a.csv", long + rows(0, 40));
    const runs = csv(folder);
    expect(await runs.run()).toEqual({ "a.csv": rows(0, 40) });
    writeFileSync(file, long + rows(7, 8));
    expect(await runs.run()).toEqual({ "a.csv#2": rows(7, 8) });
    writeFileSync(`${file}.new`, long + rows(8, 9));
    renameSync(`${file}.new`, file);
    expect(await runs.run()).toEqual({ "a.csv#3": rows(8, 9) });
  });

  test("reads a file of several names once", async () => {
    using folder = new Folder();
    linkSync(folder.write("a.csv", HEADER + rows(0, 9)), folder.at("b.csv"));
    const runs = csv(folder);
    expect(await runs.run()).toEqual({ "a.csv": rows(0, 9) });
    rmSync(folder.at("a.csv"));
    expect(await runs.run()).toEqual({});
  });

  test.each(["gzip", "zstd"] as const)("reads the %s members that were appended", async (name) => {
    using folder = new Folder();
    const file = folder.write("a.csv", memberOf(name, HEADER + rows(0, 30)));
    const runs = csv(folder);
    expect(await runs.run()).toEqual({ "a.csv": rows(0, 30) });
    expect(await runs.run()).toEqual({ "a.csv": "" });
    appendFileSync(file, memberOf(name, rows(30, 31)));
    expect(await runs.run()).toEqual({ "a.csv": rows(30, 31) });
  });

  test("keeps a split that a new sink has not begun, and one whose fingerprint nobody kept", async () => {
    using folder = new Folder();
    folder.write("a.csv", HEADER + rows(0, 3));
    const runs = csv(folder);
    await runs.run();
    const [split] = runs.stored.values();
    runs.stored.set("a.csv", { ...(split as NonNullable<typeof split>), token: null });
    expect(await runs.run()).toEqual({ "a.csv": rows(0, 3) });
    runs.stored.set("a.csv", { id: "a.csv", token: "9" });
    expect(Object.keys(await runs.run())).toEqual(["a.csv"]);
  });
});
