/**
 * Watching files against what happened to them: whatever the order of changes, looks, crashes and jumps of the clock, a
 * content that is left alone is announced, and a slot says that something is new.
 */
import { mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SETTLE_MS, WatchedFolder } from "../unit/scheduling/watch/support.ts";

const FILES = ["in/a.csv", "in/b.csv", "in/c.csv", "drop/a.csv"] as const;

const file = fc.nat(FILES.length - 1);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("write" as const), file, bytes: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("touch" as const), file, aheadMs: fc.integer({ min: -5_000, max: 5_000 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rename" as const), file, to: file }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), file }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(2 * SETTLE_MS) }) },
  // A process that dies after a look has not kept what came of it.
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("look" as const), dies: fc.constantFrom(false, false, false, true) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("clock" as const), jumpMs: fc.integer({ min: -20_000, max: 20_000 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("quiet" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What happened, as somebody sees it who knows the files and not the watch. */
class Witness implements Disposable {
  readonly folder = new WatchedFolder(["in/*.csv", "drop"]);
  /** When each state of a file came to be, on the monotonic clock. */
  readonly #since = new Map<string, number>();
  /** States that were there when everything had been quiet for long. */
  #settled: ReadonlySet<string> = new Set();
  /** On the monotonic clock. */
  #lastSlotAt = Number.NEGATIVE_INFINITY;
  readonly #slots = new Set<string>();
  #changes = 0;
  #ticks = 0;

  constructor() {
    mkdirSync(this.folder.path("drop"));
  }

  get slots(): number {
    return this.#slots.size;
  }

  async take(step: Step): Promise<void> {
    const name = "file" in step ? (FILES[step.file] ?? "") : "";
    switch (step.do) {
      case "write":
        return this.#change(() => this.folder.write(name, "1".repeat(step.bytes), this.#mtime(0)));
      case "touch":
        return this.#change(() => this.#exists(name) && this.folder.touch(name, this.#mtime(step.aheadMs)));
      case "rename":
        return this.#change(
          () => this.#exists(name) && renameSync(this.folder.path(name), this.folder.path(FILES[step.to] ?? "")),
        );
      case "remove":
        return rmSync(this.folder.path(name), { force: true });
      case "wait":
        return await this.folder.fake.advance(step.ms);
      case "look":
        return step.dies ? await this.#lookAndDie() : await this.look();
      case "restart":
        return this.folder.restart();
      case "clock":
        this.folder.jumpMs = step.jumpMs;
        return;
      case "quiet":
        return await this.quiet();
    }
  }

  /** A look whose result is kept. */
  async look(): Promise<void> {
    for (const slot of await this.folder.poll()) {
      const states = [...this.#states()];
      expect(this.#slots).not.toContain(slot);
      this.#slots.add(slot);
      this.#lastSlotAt = this.folder.fake.monotonic();
      const isOld = (state: string): boolean => (this.#since.get(state) ?? 0) <= this.#lastSlotAt - SETTLE_MS;
      expect(states.filter((state) => isOld(state) && !this.#settled.has(state))).not.toEqual([]);
    }
    expect(this.#slots.size).toBeLessThanOrEqual(this.#changes);
  }

  /** Nothing happens for long; then everything that is there has been announced, and nothing is any more. */
  async quiet(): Promise<void> {
    for (let looks = 0; looks < 6; looks++) {
      await this.folder.fake.advance(SETTLE_MS);
      await this.look();
    }
    for (const state of this.#states()) {
      expect((this.#since.get(state) ?? 0) + SETTLE_MS, state).toBeLessThanOrEqual(this.#lastSlotAt);
    }
    this.#settled = new Set(this.#states());
    const { size } = this.#slots;
    await this.folder.fake.advance(SETTLE_MS);
    await this.look();
    expect(this.#slots.size).toBe(size);
  }

  async #lookAndDie(): Promise<void> {
    const { cursor } = this.folder;
    await this.folder.poll();
    this.folder.cursor = cursor;
    this.folder.restart();
  }

  #change(change: () => unknown): void {
    const before = new Set(this.#states());
    change();
    const now = this.folder.fake.monotonic();
    for (const state of this.#states()) {
      if (before.has(state)) continue;
      this.#changes++;
      if (!this.#since.has(state)) this.#since.set(state, now);
    }
  }

  /** No two changes leave the same time behind. */
  #mtime(aheadMs: number): number {
    return this.folder.clock.now() + aheadMs + this.#ticks++ / 1_000;
  }

  #exists(name: string): boolean {
    return statSync(this.folder.path(name), { throwIfNoEntry: false }) !== undefined;
  }

  *#states(): Iterable<string> {
    for (const name of FILES) {
      const stats = statSync(this.folder.path(name), { bigint: true, throwIfNoEntry: false });
      if (stats !== undefined) yield [name, stats.size, stats.mtimeNs, stats.ino].join(" ");
    }
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

test("WatchSlots announces every content that is left alone, and nothing without a change", {
  timeout: 60_000,
}, async () => {
  let slots = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: "max" }), async (steps) => {
      using witness = new Witness();
      for (const one of steps) await witness.take(one);
      await witness.quiet();
      witness.folder.restart();
      await witness.quiet();
      slots += witness.slots;
    }),
    { numRuns: Number(process.env["WATCH_RUNS"] ?? 40) },
  );
  expect(slots).toBeGreaterThan(40);
});
