import { beforeEach, describe, expect, it } from "vitest";
import { progressBar, type ProgressBar } from "../../../src/observability/progress-bar.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { at, chunkDone, committed, ended, rejected, sinkOpened, START, started } from "./run-script.ts";

class Screen {
  isTTY = true;
  columns: number | undefined = 140;
  text = "";

  write(text: string): void {
    this.text += text;
  }

  /** What stands on the last line: everything behind the last erasure. */
  get line(): string {
    return this.text.split("\r\u001B[2K").at(-1) ?? "";
  }

  get draws(): number {
    return this.text.split("\r\u001B[2K").length - 1;
  }
}

const OPENED = at(0, { kind: "split-started", split: "data/orders.csv", bytes: 100 });

describe("progressBar()", () => {
  let screen: Screen;
  let clock: FakeClock;
  let bar: ProgressBar;
  beforeEach(() => {
    screen = new Screen();
    clock = new FakeClock(START);
    bar = progressBar(screen, clock);
  });

  /** 78 % of a file after 764 ms, as in the tour. */
  async function tour(): Promise<void> {
    bar(started({ totalBytes: 69_000_000 }));
    bar(OPENED);
    await clock.advance(764);
    bar(rejected(764, { count: 3_911 }));
    await clock.advance(100);
    bar(chunkDone(764, 391_204, 53_985_000));
  }

  it("shows name, bar, share, records, bytes, pace, rejects and rest", async () => {
    await tour();
    expect(screen.line).toBe(
      "  orders.csv  ████████████████████░░░░░░  78 %  391,204 / ~500,000 records  54 MB  452,782/s  rejects 3,911  ETA 0.24 s",
    );
  });

  it.each([
    [
      115,
      "  orders.csv  ████████████████████░░░░░░  78 %  391,204 / ~500,000 records  452,782/s  rejects 3,911  ETA 0.24 s",
    ],
    [110, "  orders.csv  ███████░░░  78 %  391,204 / ~500,000 records  452,782/s  rejects 3,911  ETA 0.24 s"],
    [90, "  orders.csv  ███████░░░  78 %  391,204 records  452,782/s  rejects 3,911  ETA 0.24 s"],
    [78, "  orders.csv  78 %  391,204 records  452,782/s  rejects 3,911  ETA 0.24 s"],
    [60, "  orders.csv  78 %  391,204  rejects 3,911  ETA 0.24 s"],
    [50, "  78 %  391,204  rejects 3,911  ETA 0.24 s"],
    [40, "  78 %  391,204  rejects 3,911"],
    [20, "  78 %  391,204"],
    [12, "  78 %  391"],
    [1, ""],
  ])("leaves out what does not fit into %i columns", async (columns, line) => {
    screen.columns = columns;
    await tour();
    expect(screen.line).toBe(line);
  });

  it.each([undefined, 0])("takes 80 columns where the terminal tells %s", async (columns) => {
    screen.columns = columns;
    await tour();
    expect(screen.line).toHaveLength(73);
  });

  it("redraws at most ten times a second", async () => {
    bar(started());
    for (let ms = 0; ms < 1_000; ms += 10) {
      await clock.advance(10);
      bar(chunkDone(ms, 10, 1_000));
    }
    expect(screen.draws).toBeLessThanOrEqual(11);
    expect(screen.draws).toBeGreaterThanOrEqual(9);
  });

  it("counts without a total", async () => {
    bar(started({ totalBytes: null }));
    bar(OPENED);
    await clock.advance(12_000);
    bar(chunkDone(12_000, 24_000, 1));
    expect(screen.line).toBe("  orders.csv  24,000 records  1 B  2,000/s  12 s");
  });

  it("names the file among several, and their number when they are read side by side", async () => {
    bar(started({ splits: 12, totalBytes: null }));
    bar(at(0, { kind: "split-started", split: "data/a\n.csv", bytes: 1 }));
    await clock.advance(200);
    bar(chunkDone(200, 1, 1));
    expect(screen.line).toMatch(/^ {2}a\?\.csv \(1\/12\) /);
    bar(at(0, { kind: "split-started", split: "data/b.csv", bytes: 1 }));
    await clock.advance(200);
    bar(chunkDone(400, 1, 1));
    expect(screen.line).toMatch(/^ {2}0 of 12 done /);
  });

  it("has a name also between two files and before the first", async () => {
    bar(started({ splits: 1 }));
    expect(screen.line).toMatch(/^ {2}records {2}░/);
    bar = progressBar(screen, clock);
    bar(started({ splits: 2 }));
    expect(screen.line).toMatch(/^ {2}0 of 2 done {2}░/);
  });

  it("shows of a live source its splits, the pace and the lag, and no rest", async () => {
    bar(started({ totalBytes: null, splits: 0, endless: true }));
    expect(screen.line).toBe("  waiting for splits  0 records  0 B  0/s  0 ms");
    await clock.advance(1_000);
    bar(at(1_000, { kind: "share-taken", splits: ["t-0", "t-1"] }));
    bar(at(1_000, { kind: "split-started", split: "t-0", bytes: null }));
    bar(at(1_000, { kind: "lagging", records: { "t-0": 1_000, "t-1": 234 } }));
    await clock.advance(1_000);
    bar(chunkDone(2_000, 5_000, 100_000, "t-0"));
    expect(screen.line).toBe("  2 splits  5,000 records  100 kB  2,500/s  lag 1,234  2 s");
  });

  it("erases its line at the run's end and draws nothing after it", async () => {
    await tour();
    bar(ended(900));
    expect(screen.line).toBe("");
    await clock.advance(1_000);
    bar(chunkDone(1_900, 1, 1));
    bar[Symbol.dispose]();
    expect(screen.line).toBe("");
  });

  it("erases its line when it is disposed in the middle of a run", async () => {
    await tour();
    bar[Symbol.dispose]();
    expect(screen.line).toBe("");
  });

  it("lets a log write above it", async () => {
    bar.write("before\n");
    expect(screen.text).toBe("before\n");
    await tour();
    const { line } = screen;
    bar.write("retrying\n");
    expect(screen.line).toBe(`retrying\n${line}`);
  });

  it("draws nothing where there is no terminal, and passes a log on", async () => {
    screen.isTTY = false;
    await tour();
    bar(ended(900));
    expect(screen.text).toBe("");
    bar.write("line\n");
    expect(screen.text).toBe("line\n");
  });

  it("uses colours only when it may, and never counts them as columns", async () => {
    bar = progressBar(screen, clock, { color: true });
    await tour();
    expect(screen.line).toContain("\u001B[36m████████████████████\u001B[39m");
    expect(screen.line).toContain("\u001B[33mrejects 3,911\u001B[39m");
  });

  it("draws with ASCII alone where the terminal shows nothing else", async () => {
    bar = progressBar(screen, clock, { ascii: true });
    bar(started({ totalBytes: 100 }));
    bar(at(0, { kind: "split-started", split: "data/größe 東京.csv", bytes: 100 }));
    await clock.advance(1_000);
    bar(chunkDone(1_000, 10, 50));
    expect(screen.line).toMatch(/^ {2}gr\?\?e \?\?\.csv {2}#{13}-{13} {2}50 % /);
  });

  it("counts the columns of wide letters, and shortens a long name", async () => {
    screen.columns = 60;
    bar(started({ totalBytes: null }));
    bar(at(0, { kind: "split-started", split: `${"東".repeat(40)}.csv`, bytes: 1 }));
    await clock.advance(1_000);
    bar(chunkDone(1_000, 10, 50));
    expect(screen.line).toBe(`  ${"東".repeat(14)}...  10 records  10/s  1 s`);
  });

  it("erases every row that its line takes once the terminal is narrower", async () => {
    screen.columns = 100;
    await tour();
    screen.columns = 30;
    await clock.advance(100);
    bar(chunkDone(1_000, 10, 1_000));
    expect(screen.text).toContain("\u001B[3A\r\u001B[J\r\u001B[2K  78 %");
    expect(screen.line.length).toBeLessThan(30);
  });

  it("names the sinks whose breakers are open", async () => {
    await tour();
    bar(at(864, { kind: "breaker", sink: "shop", state: "open", forMs: 1_000, reason: "503" }));
    await clock.advance(100);
    bar(OPENED);
    expect(screen.line).toContain("  breaker open: shop  rejects 3,911  ");
    await clock.advance(100);
    bar(at(964, { kind: "breaker", sink: "shop", state: "closed", forMs: null, reason: null }));
    expect(screen.line).not.toContain("breaker");
  });

  it("names the sink that is behind the others", async () => {
    bar(started({ sinks: { warehouse: "postgres orders", archive: "file a.jsonl" }, totalBytes: null }));
    for (const sink of ["warehouse", "archive"]) bar(sinkOpened(0, {}, sink));
    await clock.advance(1_000);
    bar(chunkDone(1_000, 9_000, 1_000));
    bar(committed(1_000, { read: 9_000, written: 9_000 }, "warehouse"));
    await clock.advance(100);
    bar(committed(1_100, { read: 1_200, written: 1_200 }, "archive"));
    expect(screen.line).toContain("/s  archive 1,200  ");
  });
});
