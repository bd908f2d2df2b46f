import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import type { Job } from "../../../src/config/job.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { MillraceError } from "../../../src/core/errors.ts";
import type { RunSummary } from "../../../src/core/summary.ts";
import type { RunJobOptions } from "../../../src/pipeline/run-options.ts";
import { openStateStore } from "../../../src/state/open.ts";
import { summaryOf } from "../observability/run-script.ts";
import { fakeProcess } from "./support.ts";

const runJob = vi.hoisted(() => vi.fn<(job: Job, options: RunJobOptions) => Promise<RunSummary>>());
vi.mock("../../../src/pipeline/run-job.ts", () => ({ runJob }));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-backfill-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  runJob.mockReset();
  runJob.mockResolvedValue(summaryOf());
});

const NIGHTLY = { type: "cron", schedule: "30 2 * * *", timezone: "Europe/Berlin" };
let jobs = 0;

/** A job of its own, with state of its own. */
function jobFile(change: object = {}): string {
  const file = path.join(folder, String(++jobs), "job.json");
  const source = { type: "file", path: "${slot.date}.csv" };
  const config = { name: "orders", source, sink: { type: "file", path: "out.jsonl" }, trigger: NIGHTLY, ...change };
  mkdirSync(path.dirname(file));
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function backfill(file: string, flags: readonly string[], process = fakeProcess()) {
  const code = await runProgram(["backfill", file, ...flags], process);
  return { code, out: process.out(), err: process.err(), listeners: process.listeners() };
}

const days = (from: string, to: string): string[] => ["--from", from, "--to", to];
const slotsRun = (): (string | undefined)[] => runJob.mock.calls.map(([, { slot }]) => slot);

describe("millrace backfill", () => {
  test("runs each slot of the range once, oldest first, spelled as the scheduler spells it", async () => {
    const { code, out, listeners } = await backfill(jobFile(), [
      ...days("2026-10-24", "2026-10-26"),
      "--quiet",
      "--json",
    ]);
    expect(slotsRun()).toEqual(["2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00"]);
    expect(runJob.mock.calls[0]?.[1]).toMatchObject({ trigger: "backfill", once: true, wait: true });
    expect([code, listeners]).toEqual([0, 0]);
    expect(JSON.parse(out)).toEqual({
      ...{ job: "orders", from: "2026-10-23T22:00:00.000Z", to: "2026-10-25T23:00:00.000Z" },
      slots: slotsRun().map((slot) => ({ slot, state: "succeeded", error: null, summary: summaryOf() })),
    });
  });

  test("takes slots from the first instant on and before the last", async () => {
    const trigger = { type: "interval", every: "1h" };
    await backfill(jobFile({ trigger }), days("2026-11-22T01:00Z", "2026-11-22T03:00Z"));
    expect(slotsRun()).toEqual(["2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z"]);
  });

  test("leaves out what has succeeded with the same parameters, however long ago", async () => {
    const file = jobFile({ trigger: { type: "interval", every: "1h" } });
    const place = path.join(path.dirname(file), ".millrace", "state.db");
    const store = await openStateStore({ type: "sqlite", path: place }, { clock: systemClock });
    const row = { job: "orders", trigger: "cron", startedAt: "2026-11-22T00:00:00.000Z", endedAt: null };
    const rest = { columns: null, fingerprint: null, summary: null, state: "succeeded" } as const;
    const kept = async (id: string, slot: string | null, params: string): Promise<void> =>
      store.createRun({ ...row, ...rest, id, scope: id, slot, params });
    await kept("a", "2026-11-22T01:00:00Z", '[["day","1"]]');
    await kept("b", "2026-11-22T02:00:00Z", "[]");
    for (let i = 0; i < 600; i++) await kept(`c${i}`, null, "[]");
    await store[Symbol.asyncDispose]();
    const flags = [...days("2026-11-22T01:00Z", "2026-11-22T04:00Z"), "--param", "day=1"];
    const preview = await backfill(file, [...flags, "--dry-run"]);
    expect(preview.out).toBe(`slot                 | state       | read | written | rejected
2026-11-22T01:00:00Z | done before |      |         |
2026-11-22T02:00:00Z | to be run   |      |         |
2026-11-22T03:00:00Z | to be run   |      |         |
3 slots: 1 done before, 2 to be run
`);
    expect(runJob).not.toHaveBeenCalled();
    await backfill(file, flags);
    expect(slotsRun()).toEqual(["2026-11-22T02:00:00Z", "2026-11-22T03:00:00Z"]);
  });

  test("makes no state store to look what there is to do", async () => {
    const file = jobFile();
    expect((await backfill(file, [...days("2026-11-22", "2026-11-23"), "--dry-run"])).code).toBe(0);
    expect(existsSync(path.join(path.dirname(file), ".millrace"))).toBe(false);
  });

  test("ends at the first failure with its exit code, or keeps going", async () => {
    const outcomes = async (): Promise<void> => {
      runJob.mockReset();
      runJob.mockResolvedValue(summaryOf());
      runJob.mockResolvedValueOnce({ ...summaryOf(), state: "rejected" });
      runJob.mockRejectedValueOnce(new MillraceError("SOURCE_NOT_FOUND", "source.path: no file matches 2.csv"));
    };
    const range = [...days("2026-11-20", "2026-11-23"), "--quiet"];
    await outcomes();
    const stopped = await backfill(jobFile(), range);
    expect([stopped.code, slotsRun().length]).toEqual([3, 1]);
    await outcomes();
    const kept = await backfill(jobFile(), [...range, "--keep-going", "--json"]);
    expect([kept.code, slotsRun().length]).toEqual([3, 3]);
    expect(kept.err).toMatch(
      /^slot 2026-11-21T02:30:00\+01:00: .*job\.json:1:\d+: source\.path: no file matches 2\.csv\n$/,
    );
    const slots = (JSON.parse(kept.out) as { slots: { state: string; error: { code: string } | null }[] }).slots;
    expect(slots.map(({ state, error }) => [state, error?.code])).toEqual([
      ["rejected", undefined],
      ["failed", "SOURCE_NOT_FOUND"],
      ["succeeded", undefined],
    ]);
  });

  test("begins no other slot after a signal", async () => {
    const process = fakeProcess();
    runJob.mockImplementation(async () => {
      process.signal("SIGTERM");
      return { ...summaryOf(), state: "interrupted" };
    });
    const { code, out } = await backfill(jobFile(), [...days("2026-11-20", "2026-11-23"), "--keep-going"], process);
    expect([code, slotsRun().length]).toEqual([143, 1]);
    expect(out).toContain("3 slots: 1 interrupted, 2 to be run\n");
  });

  test("ends as it was ended also where the run at work came to its end", async () => {
    const process = fakeProcess();
    runJob.mockImplementation(async () => {
      process.signal("SIGINT");
      return summaryOf();
    });
    expect((await backfill(jobFile(), days("2026-11-20", "2026-11-23"), process)).code).toBe(130);
  });

  test.each([
    [{ sink: { type: "file", path: "out.jsonl" } }, ""],
    [
      { sink: { type: "file", path: "out-{part}.jsonl", mode: "append" } },
      "warning: every slot reads everything and appends it to sink once more, since the job asks for no slot; use ${slot.date} or ${slot.time} to say what belongs to one\n",
    ],
    [
      {
        source: { type: "file", path: "in.csv", incremental: true },
        sink: { type: "file", path: "out-{part}.jsonl", mode: "append" },
      },
      "warning: the first slot reads all that is new and leaves nothing to the others, since the source is read on from where it was\n",
    ],
  ])("warns of %j", async (change, warning) => {
    const file = jobFile({ source: { type: "file", path: "in.csv" }, ...change });
    expect((await backfill(file, [...days("2026-11-20", "2026-11-23"), "--dry-run"])).err).toBe(warning);
  });

  test.each([
    [
      {},
      days("2026-11-22", "2026-11-22"),
      "error: --from 2026-11-22 has to be before --to 2026-11-22: the range ends before the second of them\n",
    ],
    [
      {},
      days("soon", "2026-11-22"),
      'error: --from takes a date or a time such as 2026-11-22 or 2026-11-22T02:00+01:00, got "soon"\n',
    ],
    [
      { trigger: { type: "manual" } },
      days("2026-11-20", "2026-11-22"),
      "error: backfill: orders has trigger manual, which has no timetable to take slots from; give it cron or interval, or run it for one slot with `millrace run --slot`\n",
    ],
    [
      { trigger: { type: "interval", every: "1m" } },
      days("2026-01-01", "2026-02-01"),
      "error: the range has more than 10,000 slots; take it in parts, the first of them with --to 2026-01-07T22:40:00Z\n",
    ],
  ])("refuses %j with %j", async (change, flags, message) => {
    expect(await backfill(jobFile(change), flags)).toMatchObject({ code: 2, out: "", err: message });
    expect(runJob).not.toHaveBeenCalled();
  });

  test("says that a range has no slot, which is no fault", async () => {
    const { code, out, err } = await backfill(jobFile(), days("2026-11-22T03:00", "2026-11-23T02:30"));
    expect([code, out, err]).toEqual([0, "", "orders has no slot from 2026-11-22T03:00 to 2026-11-23T02:30\n"]);
  });
});
