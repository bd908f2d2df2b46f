import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import type { Job } from "../../../src/config/job.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import type { ReplayOptions } from "../../../src/pipeline/rejects/replay-rejects.ts";
import { summaryOf } from "../observability/run-script.ts";
import { fakeProcess } from "./support.ts";

const replayRejects = vi.hoisted(() => vi.fn<(job: Job, options: ReplayOptions) => Promise<RunSummary | null>>());
vi.mock("../../../src/pipeline/rejects/replay-rejects.ts", () => ({ replayRejects }));

let folder: string;
let job: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-replay-"));
  job = path.join(folder, "job.json");
  const source = { type: "file", path: "in.csv" };
  writeFileSync(job, JSON.stringify({ name: "orders", source, sink: { type: "file", path: "out.jsonl" } }));
});
afterAll(() => rmSync(folder, { recursive: true }));
// What a hook returns would be called after the test.
beforeEach(() => void replayRejects.mockReset());

async function replay(flags: readonly string[] = [], process = fakeProcess()) {
  const code = await runProgram(["rejects", "replay", job, ...flags], process);
  return { code, out: process.out(), err: process.err(), listeners: process.listeners() };
}

describe("millrace rejects replay", () => {
  test("says which rejects are meant, and for which values the job is read", async () => {
    replayRejects.mockResolvedValue(summaryOf());
    const values = ["--param", "day=mon", "--slot", "2026-11-22", "--state", "memory:"];
    await replay(["--run", "01A", "--stage", "write", "--code", "VALUE_INVALID", ...values]);
    expect(replayRejects.mock.calls[0]?.[1]).toMatchObject({
      ...{ run: "01A", stage: "write", code: "VALUE_INVALID" },
      ...{ params: { day: "mon" }, slot: "2026-11-22", state: "memory:" },
    });
    const { code, err } = await replay(["--stage", "writ"]);
    expect([code, err]).toEqual([
      2,
      'error: --stage takes decode, validate, transform, aggregate, write; got "writ"\n',
    ]);
  });

  test.each([
    [[], "", "orders: no rejects to run again\n"],
    [["--quiet"], "", ""],
    [["--json"], expect.stringMatching(/^\{"job":"orders","run":null,"state":"succeeded","read":0,.*\}\n$/), ""],
  ])("%j tells that there was nothing to run, which is no fault", async (flags, out, err) => {
    replayRejects.mockResolvedValue(null);
    expect(await replay(flags)).toEqual({ code: 0, out, err, listeners: 0 });
  });

  test("says when it went on with an earlier replay", async () => {
    replayRejects.mockResolvedValue({ ...summaryOf(), resumed: true });
    expect((await replay()).err).toContain("This went on with a replay that had not ended; run it again");
  });

  test("ends as a run does at a signal", async () => {
    const process = fakeProcess();
    replayRejects.mockImplementation(async (_job, { signal }) => {
      process.signal("SIGTERM");
      expect(signal?.aborted).toBe(true);
      return { ...summaryOf(), state: "interrupted" };
    });
    expect(await replay([], process)).toMatchObject({ code: 143, listeners: 0 });
  });

  test("tells what keeps it from beginning, with its place", async () => {
    replayRejects.mockRejectedValue(new MillraceError("SOURCE_NOT_FOUND", "source.path: no file matches in.csv"));
    const missing = { code: 2, out: "", err: `${job}:1:49: source.path: no file matches in.csv\n`, listeners: 0 };
    expect(await replay(["--json"])).toEqual(missing);
  });
});
