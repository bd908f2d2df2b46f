import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { watchConfig } from "../../../src/config/config-watch.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";

let folder: string;
let clock: FakeClock;
const onChange = vi.fn<() => void>();
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-watch-"));
  clock = new FakeClock();
  onChange.mockReset();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => path.join(folder, name);
let writes = 0;
/** Writes a file whose time is always another one, however fast the test is. */
const write = (name: string, text: string): void => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
  utimesSync(at(name), 0, ++writes);
};
const watching = (files: readonly string[], patterns: readonly string[] = []): Disposable =>
  watchConfig({ files: files.map(at), patterns, baseDir: folder, clock, onChange });
/** Long enough for a look that nothing asked for, and the one after it. */
const nextPoll = (): Promise<void> => clock.advance(5_300);

describe("watchConfig() finds, without an event,", () => {
  test.each<[string, () => void]>([
    ["a file that was written again", () => write("jobs/a.yaml", "b")],
    ["a file that went away", () => rmSync(at("jobs/a.yaml"))],
    [
      "another file of the same name",
      () => {
        write("jobs/a.yaml~", "a");
        renameSync(at("jobs/a.yaml~"), at("jobs/a.yaml"));
      },
    ],
    ["a file more that a glob meets", () => write("jobs/b.yaml", "b")],
    ["its folder gone", () => rmSync(at("jobs"), { recursive: true })],
  ])("%s", async (_, change) => {
    write("jobs/a.yaml", "a");
    using _watching = watching(["jobs/a.yaml"], ["jobs/*.yaml"]);
    await nextPoll();
    expect(onChange).not.toHaveBeenCalled();
    change();
    await nextPoll();
    expect(onChange).toHaveBeenCalledOnce();
    await nextPoll();
    expect(onChange).toHaveBeenCalledOnce();
  });

  test("the link under a ConfigMap that is swapped", async () => {
    write("..1/a.yaml", "a");
    write("..2/a.yaml", "a");
    symlinkSync("..1", at("..data"));
    symlinkSync("..data/a.yaml", at("a.yaml"));
    using _watching = watching(["a.yaml"]);
    symlinkSync("..2", at("..data_tmp"));
    renameSync(at("..data_tmp"), at("..data"));
    await nextPoll();
    expect(onChange).toHaveBeenCalledOnce();
  });

  test("a file that is written piece by piece, once, when it is whole", async () => {
    write("a.yaml", "a");
    using _watching = watching(["a.yaml"]);
    for (let piece = 0; piece < 20; piece++) {
      write("a.yaml", "b".repeat(piece));
      await clock.advance(300);
    }
    expect(onChange).not.toHaveBeenCalled();
    await nextPoll();
    expect(onChange).toHaveBeenCalledOnce();
  });

  test("nothing in files that no glob meets", async () => {
    write("a.yaml", "a");
    using _watching = watching(["a.yaml"], ["*.yaml"]);
    write("notes.txt", "a");
    await nextPoll();
    expect(onChange).not.toHaveBeenCalled();
  });
});

describe("watchConfig()", () => {
  test("looks at once when the file system tells of a change", async () => {
    write("a.yaml", "a");
    using _watching = watching([], ["*.yaml"]);
    write("b.yaml", "b");
    // The event comes through the system; until then the next look is five seconds away.
    await vi.waitFor(() => expect(clock.nextAt).toBe(300), { interval: 1 });
    await clock.advance(600);
    expect(onChange).toHaveBeenCalledOnce();
  });

  test("waits for a folder that is not there yet", async () => {
    using _watching = watching(["gone/a.yaml"], ["later/*.yaml"]);
    await nextPoll();
    write("later/a.yaml", "a");
    await nextPoll();
    expect(onChange).toHaveBeenCalledOnce();
  });

  test("tells nothing once it is disposed", async () => {
    write("a.yaml", "a");
    const ended = watching(["a.yaml"]);
    ended[Symbol.dispose]();
    write("a.yaml", "b");
    await nextPoll();
    expect(onChange).not.toHaveBeenCalled();
    expect(clock.pendingTimers).toBe(0);
  });
});
