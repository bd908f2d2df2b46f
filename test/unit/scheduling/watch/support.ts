import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Clock } from "../../../../src/core/clock.ts";
import { sourceFiles } from "../../../../src/pipeline/source-files.ts";
import { type WatchOptions, WatchSlots } from "../../../../src/scheduling/watch/watch-slots.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";

export const SETTLE_MS = 2_000;

/** A folder whose files have the times of a fake clock, and a watch of it that can be killed. */
export class WatchedFolder implements Disposable {
  readonly root = mkdtempSync(path.join(os.tmpdir(), "millrace-watch-"));
  readonly fake = new FakeClock(Date.UTC(2026, 10, 22));
  /** Milliseconds by which the wall clock was set. */
  jumpMs = 0;
  /** Milliseconds by which the file server's clock is ahead. */
  skewMs = 0;
  readonly clock: Clock = {
    now: () => this.fake.now() + this.jumpMs,
    monotonic: () => this.fake.monotonic(),
    timer: (delayMs, callback) => this.fake.timer(delayMs, callback),
  };
  cursor: string;
  slots: WatchSlots;
  readonly options: WatchOptions;

  constructor(patterns: readonly string[] = ["in/*.csv"], options: Partial<WatchOptions> = {}) {
    mkdirSync(path.join(this.root, "in"));
    const files = sourceFiles({ baseDir: this.root, source: fileSource(patterns) });
    if (files === null) throw new TypeError("it is a file source");
    this.options = { ...files, settleMs: SETTLE_MS, clock: this.clock, ...options };
    this.slots = new WatchSlots(this.options);
    this.cursor = this.slots.start();
  }

  path(name: string): string {
    return path.join(this.root, name);
  }

  write(name: string, text: string, mtimeMs = this.fake.now() + this.skewMs): void {
    writeFileSync(this.path(name), text);
    this.touch(name, mtimeMs);
  }

  touch(name: string, mtimeMs = this.fake.now() + this.skewMs): void {
    utimesSync(this.path(name), mtimeMs / 1_000, mtimeMs / 1_000);
  }

  /** Texts of the slots that came due. */
  async poll(): Promise<readonly string[]> {
    const due = await this.slots.due(this.cursor, this.clock.now());
    this.cursor = due.cursor;
    return due.slots.map(({ slot }) => slot);
  }

  /** How many slots came due while time passed, looked at every second. */
  async slotsWithin(ms: number): Promise<number> {
    let slots = 0;
    for (let passed = 0; passed < ms; passed += 1_000) {
      await this.fake.advance(1_000);
      slots += (await this.poll()).length;
    }
    return slots;
  }

  /** Another process, which knows the cursor alone. */
  restart(): void {
    this.slots = new WatchSlots(this.options);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

function fileSource(patterns: readonly string[]) {
  return {
    ...{ type: "file" as const, path: [...patterns], incremental: true, maxRecordBytes: 1_024 },
    inflate: { maxRatio: 500 },
  };
}
