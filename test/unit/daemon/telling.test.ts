import { Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { HostEvent } from "../../../src/core/ports/runtime-events.ts";
import { openTelling } from "../../../src/daemon/telling.ts";
import { openMemoryStore } from "../../../src/state/memory.ts";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { begun, ended, START } from "./alerts/events.ts";

const job = defineJob(
  {
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "file", path: "orders.jsonl" },
    alerts: { failed: true, missedSlot: false },
  },
  { baseDir: "/jobs" },
);

describe("openTelling()", () => {
  it("tells a failure as a log line, a metric, an event and an alert, in that order", async () => {
    const clock = new FakeClock(START);
    const state = openMemoryStore();
    const row = { job: "orders", scope: "", slot: null, params: "{}", trigger: "cron", columns: null, summary: null };
    const [startedAt, endedAt] = ["2026-11-21T02:00:00.000Z", "2026-11-21T02:00:09.000Z"];
    await state.createRun({ ...row, id: "before", state: "succeeded", startedAt, endedAt, fingerprint: null });
    const lines: string[] = [];
    const put = (_fields: object, message: string): void => void lines.push(message);
    const emitted: HostEvent[] = [];
    const registry = new Registry();
    using telling = await openTelling({
      registry,
      logger: { debug: put, info: put, warn: put, error: put },
      state,
      clock,
      random: () => 1,
      emit: (event) => {
        emitted.push(event);
        for (const observe of telling.observers) observe(event);
      },
      version: "1.0.0",
      nextSlots: () => new Map(),
      pools: () => [],
    });
    await telling.hold([job]);
    for (const event of [begun(0), ended(1, "failed")]) for (const observe of telling.observers) observe(event);
    expect(lines).toEqual(["run started", "run failed", "alert firing"]);
    expect(emitted).toMatchObject([{ kind: "alert", job: "orders", alert: "failed", firing: true }]);
    const text = await registry.metrics();
    expect(text).toContain('millrace_alert_firing{job="orders",alert="failed"} 1');
    expect(text).not.toContain('alert="missedSlot"');
    expect(text).toContain('millrace_job_state{job="orders"} 2');
    expect(text).toContain(`millrace_last_success_timestamp_seconds{job="orders"} ${Date.parse(endedAt) / 1_000}`);
    await telling.hold([]);
    expect(emitted.at(-1)).toMatchObject({ kind: "alert", firing: false });
    await telling.flush();
    telling[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});
