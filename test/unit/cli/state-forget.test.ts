import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { systemClock } from "../../../src/core/clock.ts";
import type { NewSlot } from "../../../src/core/ports/schedule-store.ts";
import type { StateStore } from "../../../src/core/ports/state-store.ts";
import { openStateStore } from "../../../src/state/open.ts";
import { fakeProcess } from "./support.ts";

const NOW = 1_795_000_000_000;
let folder: string;
let job: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-forget-"));
  job = path.join(folder, "orders.json");
  const source = { type: "file", path: "in.csv" };
  writeFileSync(job, JSON.stringify({ name: "orders", source, sink: { type: "file", path: "out.jsonl" } }));
});
afterEach(() => rmSync(folder, { recursive: true }));

function openState(): Promise<StateStore> {
  return openStateStore({ type: "sqlite", path: path.join(folder, ".millrace/state.db") }, { clock: systemClock });
}

async function run(...args: string[]) {
  const process = fakeProcess();
  const code = await runProgram(args, process);
  return { code, out: process.out(), err: process.err() };
}

function slotOf(slot: string): NewSlot {
  return { slot, at: NOW, state: "due", trigger: "cron", reason: null };
}

describe("millrace state forget", () => {
  test("has the schedule planned anew, and keeps what succeeded and the pause", async () => {
    {
      await using state = await openState();
      await state.planSlots("orders", null, { fingerprint: "f", cursor: "1" }, ["1", "2"].map(slotOf), NOW);
      await state.takeSlot({ job: "orders", slot: "1", attempt: 0, alone: true });
      const end = { state: "succeeded", reason: null, run: "01A", now: NOW } as const;
      await state.endSlot({ job: "orders", slot: "1", attempt: 1, ...end });
      await state.pauseSchedule("orders", "stopped by hand");
    }
    const asked = await run("state", "forget", job);
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining("orders: its schedule goes") });
    expect(await run("state", "forget", job, "--yes")).toMatchObject({ code: 0 });
    await using state = await openState();
    const left = { job: "orders", fingerprint: null, cursor: null, paused: "stopped by hand" };
    expect(await state.findSchedule("orders")).toEqual(left);
    expect(await state.listSlots({ limit: 9 })).toMatchObject([{ slot: "1", state: "succeeded" }]);
    const nothing = "orders: there is nothing that the next run would go on with\n";
    expect(await run("state", "forget", job)).toMatchObject({ code: 0, err: nothing });
  });

  test("of one run leaves the schedule alone", async () => {
    {
      await using state = await openState();
      await state.addSlots("orders", [slotOf("1")], NOW);
      const given = { slot: "1", params: "[]", trigger: "cron", startedAt: "2026-11-22T10:00:00.000Z", endedAt: null };
      const empty = { columns: null, fingerprint: null, summary: null };
      await state.createRun({ id: "01A", job: "orders", scope: "01A", state: "failed", ...given, ...empty });
    }
    const { code, err } = await run("state", "forget", job, "--run", "01A", "--yes");
    expect([code, err]).toEqual([0, expect.not.stringContaining("schedule")]);
    await using state = await openState();
    expect(await state.listRuns({ limit: 9 })).toEqual([]);
    expect(await state.listSlots({ limit: 9 })).toMatchObject([{ slot: "1", state: "due" }]);
  });
});
