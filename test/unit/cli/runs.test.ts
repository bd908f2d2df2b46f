import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { RunRow, StateStore } from "../../../src/core/ports/state-store.ts";
import { originPosition } from "../../../src/core/position.ts";
import { currentLeaseOwner } from "../../../src/state/lease-owner.ts";
import { openStateStore } from "../../../src/state/open.ts";
import { summaryOf } from "../observability/run-script.ts";
import { fakeProcess } from "./support.ts";

const COUNTS = { read: 3, written: 2, filtered: 0, rejected: 1, folded: 0, emitted: 2, bytes: 9 };
let folder: string;
let state: string;
let job: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-runs-"));
  state = path.join(folder, ".millrace/state.db");
  job = path.join(folder, "orders.json");
  const source = { type: "file", path: "in.csv" };
  writeFileSync(job, JSON.stringify({ name: "orders", source, sink: { type: "file", path: "out.jsonl" } }));
  await using store = await openStateStore({ type: "sqlite", path: state }, { clock: systemClock });
  const { bytes: _, ...counts } = COUNTS;
  const error = { code: "REJECT_LIMIT", message: "more than 0 of 3 records were rejected" } as const;
  const summary = {
    ...summaryOf({ run: "01A", ...counts, sinks: { sink: COUNTS } }),
    state: "rejected" as const,
    error,
  };
  await store.createRun(
    rowOf("01A", { state: "rejected", endedAt: "2026-11-22T10:00:02.000Z", summary: JSON.stringify(summary) }),
  );
  await store.createRun(rowOf("01B", { state: "running", slot: "2026-11-22", params: '[["region","eu"]]' }));
  await advance(store, "01B");
  await store.createRun(rowOf("01C", { state: "running" }));
  const owner = currentLeaseOwner("me");
  await store.acquireLease({ job: "orders", scope: "|[]" }, owner, { now: Date.now(), ttlMs: 60_000 });
});
afterAll(() => rmSync(folder, { recursive: true }));

function rowOf(id: string, change: Partial<RunRow>): RunRow {
  const empty = { slot: null, params: "[]", endedAt: null, columns: null, fingerprint: null, summary: null };
  const startedAt = "2026-11-22T10:00:00.000Z";
  return { id, job: "orders", scope: id, trigger: "manual", state: "succeeded", startedAt, ...empty, ...change };
}

async function advance(store: StateStore, scope: string): Promise<void> {
  const key = { job: "orders", scope, sink: "sink" };
  await store.claim(key, [{ split: "in.csv", origin: originPosition("3", 2) }]);
  const to = { ordinal: 3n, token: "30", line: 5 };
  await store.commit(key, [{ split: "in.csv", epoch: 1, from: 0n, to, counts: COUNTS }], []);
}

async function run(...args: string[]) {
  const process = fakeProcess();
  const code = await runProgram(args, process);
  return { code, out: process.out(), err: process.err() };
}

describe("millrace runs", () => {
  test("lists the newest first, and tells a run that was killed from one that is under way", async () => {
    const { code, out } = await run("runs", job);
    expect(code).toBe(0);
    const cells = out.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
    expect(
      cells.map(([id, , stands, , , read, written, rejected, error]) => [id, stands, read, written, rejected, error]),
    ).toEqual([
      ["run", "state", "read", "written", "rejected", "error"],
      ["01C", "running", "", "", "", ""],
      ["01B", "interrupted", "3", "2", "1", ""],
      ["01A", "rejected", "3", "2", "1", "REJECT_LIMIT"],
      ["", undefined, undefined, undefined, undefined, undefined],
    ]);
  });

  test("prints JSON for programs, up to a limit, by the job's name alone", async () => {
    const { out } = await run("runs", "orders", "--state", state, "--limit", "2", "--json");
    expect(JSON.parse(out)).toMatchObject([
      { run: "01C", state: "running", sinks: {}, endedAt: null },
      {
        run: "01B",
        state: "interrupted",
        read: 3,
        written: 2,
        balanced: true,
        slot: "2026-11-22",
        sinks: { sink: COUNTS },
      },
    ]);
    expect((await run("runs", "other", "--state", state, "--json")).out).toBe("[]\n");
  });

  test("says that there are none where there is no state, and makes none", async () => {
    const none = path.join(folder, "none.db");
    expect(await run("runs", "--state", none)).toEqual({ code: 0, out: "", err: `no runs in ${none}\n` });
    expect(await run("runs", "show", "01A", "--state", none)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`no state store at ${none}`),
    });
  });

  test("show tells all that is known of a run", async () => {
    const ended = await run("runs", "show", "01A", job);
    expect(ended.out).toMatch(
      /^orders {2}run 01A\n {2}manual\n {2}started 2026-11-22T10:00:00Z, ended 2026-11-22T10:00:02Z\n/,
    );
    expect(ended.out).toContain("too many rejects   3 read = 2 written + 0 filtered + 1 rejected   balanced");
    expect(ended.out).toContain("REJECT_LIMIT: more than 0 of 3 records were rejected");
    const killed = await run("runs", "show", "01B", job);
    expect(killed.out).toContain("  manual, slot 2026-11-22, region=eu\n");
    expect(killed.out).toContain("interrupted: its process ended without a word; the next run goes on with it\n");
    expect(killed.out).toMatch(/sink +3 +2 +0 +1 +9 B/);
    const unknown = await run("runs", "show", "01X", job);
    expect(unknown).toMatchObject({ code: 2, err: expect.stringMatching(/knows no run 01X.*RUN_NOT_FOUND/) });
  });
});

describe("millrace state show", () => {
  test("tells by the name alone what the state store knows", async () => {
    const { out } = await run("state", "show", "orders", "--state", state);
    expect(out).toMatch(/^run 01B, sink sink: sqlite /);
    expect(out).toMatch(/\n {2}in\.csv +\| +3 \| +30 \| +5 \| +1 \| +2 \| +0 \| +1 \| +0 \| \d{4}-/);
    const other = await run("state", "show", "orders", "--state", state, "--split", "other.csv");
    expect(other).toMatchObject({ code: 0, out: "", err: expect.stringContaining("no positions of orders") });
  });
});
