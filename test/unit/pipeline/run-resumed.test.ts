/** A run that goes on in the middle of a large file. */
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import { runJob } from "../../../src/pipeline/run-job.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";

/** What lies before the position is a hole: whoever read through it would not end for minutes. */
const HOLE_BYTES = 256 * 1024 ** 3;

test("a resumed run commits at once at any offset of a plain file: it reads nothing of what lies before", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "millrace-resumed-"));
  const file = path.join(folder, "in.csv");
  const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}\n`).join("");
  await writeFile(file, `id\n${lines(0, 5_000)}`);
  const job = defineJob(
    {
      name: "large",
      source: { type: "file", path: "in.csv" },
      sink: { type: "file", path: "out.jsonl" },
      workers: 1,
      chunk: { size: "4KiB" },
      commit: { bytes: "4KiB" },
    },
    { baseDir: folder },
  );
  const state = openMemoryStore();
  const killing = new AbortController();
  const first = await runJob(job, {
    state,
    kill: killing.signal,
    observers: [({ kind }) => kind === "unit-committed" && killing.abort()],
  });
  expect(first).toMatchObject({ state: "interrupted", balanced: true });

  const key = { job: "large", scope: first.run, sink: "sink" };
  const [row] = await state.progress(key);
  if (row === undefined) throw new TypeError("nothing was committed");
  const read = row.counts.read;
  await truncate(file, HOLE_BYTES);
  const { size } = await stat(file);
  await appendFile(file, lines(read, 6_000));
  const moved = { ...row.position, token: String(size) };
  const step = { split: row.split, epoch: row.epoch, from: row.position.ordinal, to: moved, counts: row.counts };
  await state.commit(key, [step], []);

  const events: RunEvent[] = [];
  const second = await runJob(job, { state, observers: [(event) => void events.push(event)] });
  expect(second).toMatchObject({ run: first.run, state: "succeeded", resumed: true, read: 6_000, written: 6_000 });
  const written = (await readFile(path.join(folder, "out.jsonl"), "utf8")).trimEnd().split("\n");
  expect(written).toEqual(Array.from({ length: 6_000 }, (_, id) => `{"id":"${id}"}`));

  const until = events.slice(
    0,
    events.findIndex(({ kind }) => kind === "unit-committed"),
  );
  const cut = until.reduce((sum, event) => sum + (event.kind === "chunk-cut" ? event.bytes : 0), 0);
  expect(cut).toBeGreaterThan(0);
  expect(cut).toBeLessThan(64 * 1024);
  expect(until.some(({ kind }) => kind === "retrying" || kind === "restarting" || kind === "rewound")).toBe(false);
  await rm(folder, { recursive: true });
});
