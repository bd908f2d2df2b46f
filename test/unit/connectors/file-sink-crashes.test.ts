/**
 * A run into files whose process ends at every single step in turn, or whose machine loses its power there; what the run
 * that goes on leaves in the end has to be what an undisturbed one leaves.
 */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { DeadProcess, type End } from "../../support/brittle-disk.ts";
import {
  contents,
  numbered,
  partitionedRows,
  rows,
  type SinkChange,
  type SinkProcess,
  SinkWorld,
} from "./file-sink-support.ts";
import { Folder } from "./file-support.ts";

const { disk } = await vi.hoisted(async () => {
  const { BrittleDisk } = await import("../../support/brittle-disk.ts");
  return { disk: new BrittleDisk() };
});
vi.mock("node:fs/promises", async (importOriginal) => disk.wrap(await importOriginal()));

const ROWS = 11;
const UNIT = 3;

beforeAll(() => {
  disk.backupFolder = mkdtempSync(path.join(os.tmpdir(), "millrace-backups-"));
});
afterAll(() => rmSync(disk.backupFolder, { recursive: true }));

/** A store whose commits are steps, too. */
function brittle(store: StateStore): StateStore {
  return {
    ...store,
    commit: (...args) => disk.step("state commit", () => store.commit(...args)),
    keepWords: (...args) => disk.step("state words", () => store.keepWords(...args)),
  };
}

interface Kind {
  readonly path: string;
  readonly change: SinkChange;
  readonly partitions?: boolean;
}

const KINDS: { readonly [name: string]: Kind } = {
  "one file": { path: "a.jsonl", change: {} },
  "compressed parts": { path: "{part}.jsonl.gz", change: { rotate: { records: 4 } } },
  "parts that are added": { path: "{part}.jsonl", change: { mode: "append", rotate: { records: 4 } } },
  partitions: {
    path: "{partition}/{part}.jsonl",
    change: { partitionBy: ["day"], rotate: { records: 3 } },
    partitions: true,
  },
};

const lines = numbered(ROWS);

async function writeOn(process: SinkProcess, partitions: boolean): Promise<void> {
  while (process.at < ROWS) {
    const unit = lines.slice(process.at, process.at + UNIT);
    const day = (line: string): string => `day=${Number(line.slice(4)) % 2}`;
    const output = partitions ? partitionedRows(unit.map((line) => [day(line), line])) : rows(...unit);
    await process.commit(output);
  }
  await process.finish();
}

/** Runs to the end, or to the step at which the process dies; true: it did die. */
async function live(world: SinkWorld, partitions = false): Promise<boolean> {
  try {
    const process = await world.open("run-2");
    await writeOn(process, partitions);
    await process[Symbol.asyncDispose]();
    return false;
  } catch (thrown) {
    const dead = thrown instanceof DeadProcess || (thrown as Error).cause instanceof DeadProcess;
    if (!dead) throw thrown;
    return true;
  }
}

/** What is there before the run that is disturbed: a longer result of an earlier one. */
async function before(folder: Folder, { path: spelled, change }: Kind): Promise<SinkWorld> {
  const world = new SinkWorld(folder, spelled, change, brittle(openMemoryStore()));
  if (change.mode === "append" || change.partitionBy !== undefined) return world;
  const process = await world.open("run-1");
  await process.write(...Array.from({ length: 20 }, () => "old\n"));
  await process.finish();
  await process[Symbol.asyncDispose]();
  return world;
}

async function undisturbed(kind: Kind): Promise<{ result: ReturnType<typeof contents>; steps: readonly string[] }> {
  using folder = new Folder();
  const world = await before(folder, kind);
  await disk.restart();
  expect(await live(world, kind.partitions)).toBe(false);
  return { result: contents(folder), steps: [...disk.steps] };
}

/** The result after an end, and after another one at the same number of steps of the next process. */
async function disturbed(kind: Kind, end: End, gone: boolean): Promise<ReturnType<typeof contents>> {
  using folder = new Folder();
  await disk.restart();
  const world = await before(folder, kind);
  world.gone = gone;
  for (let deaths = 0; deaths < 2; deaths++) {
    await disk.restart();
    disk.end = end;
    if (!(await live(world, kind.partitions))) break;
  }
  await disk.restart();
  expect(await live(world, kind.partitions)).toBe(false);
  return contents(folder);
}

describe.each(Object.entries(KINDS))("%s", (_name, kind) => {
  const ends = (steps: number): readonly End[] =>
    Array.from({ length: steps }, (_, step) => step).flatMap((step): End[] => [
      { step, when: "before", power: "stays" },
      { step, when: "after", power: "fails" },
    ]);

  test.each([
    ["gone on with in place", true],
    ["copied", false],
  ])("are whole wherever the process ends, the unfinished parts %s", async (_how, gone) => {
    const { result, steps } = await undisturbed(kind);
    expect(Object.values(result).join("").split("\n").filter(Boolean).toSorted()).toEqual(
      lines.map((line) => line.trim()).toSorted(),
    );
    const wrong: unknown[] = [];
    for (const end of ends(steps.length)) {
      const found = await disturbed(kind, end, gone);
      if (JSON.stringify(found) !== JSON.stringify(result)) wrong.push({ ...end, name: steps[end.step], found });
    }
    expect(wrong).toEqual([]);
  });
});
