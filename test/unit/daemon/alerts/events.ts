/** Events around and inside runs of the job `orders`, in minutes after a fixed start. */
import { type Counts, NO_COUNTS } from "../../../../src/core/ledger.ts";
import type { RunEventBody } from "../../../../src/core/ports/observer.ts";
import type { HostEvent, RuntimeEvent } from "../../../../src/core/ports/runtime-events.ts";
import type { RunState } from "../../../../src/core/ports/state-store.ts";
import type { SlotState } from "../../../../src/core/ports/schedule-store.ts";

/** 2026-11-22T02:00:00Z. */
export const START = Date.UTC(2026, 10, 22, 2);
export const MINUTE = 60_000;

/** The instant so many minutes after the start. */
export function minute(minutes: number): number {
  return START + minutes * MINUTE;
}

function inRun(minutes: number, run: string, body: RunEventBody): RuntimeEvent {
  return { job: "orders", run, at: minute(minutes), ...body };
}

export function begun(minutes: number, run = "r1", { endless = false, trigger = "cron" } = {}): RuntimeEvent {
  const places = { source: "orders.csv", sinks: { sink: "postgres orders" }, transform: null, totalBytes: null };
  const what = { splits: 1, endless, threads: 1, trigger, slot: null, resumed: null };
  return inRun(minutes, run, { kind: "run-started", ...places, ...what });
}

export function committed(minutes: number, added: Partial<Counts>, run = "r1", sink = "sink"): RuntimeEvent {
  const counts = { ...NO_COUNTS, ...added };
  return inRun(minutes, run, { kind: "unit-committed", sink, added: counts, chunks: 1, commitMs: 5, careful: false });
}

export function lagging(minutes: number, records: Record<string, number>, run = "r1"): RuntimeEvent {
  return inRun(minutes, run, { kind: "lagging", records });
}

export function shareTaken(minutes: number, splits: string[], run = "r1"): RuntimeEvent {
  return inRun(minutes, run, { kind: "share-taken", splits });
}

export function ended(
  minutes: number,
  state: RunState = "succeeded",
  counts: Partial<Counts> = { read: 1 },
  run = "r1",
): RuntimeEvent {
  const message = state === "failed" ? "the server went away" : null;
  return inRun(minutes, run, {
    kind: "run-ended",
    state,
    durationMs: 1,
    counts: { ...NO_COUNTS, ...counts },
    message,
  });
}

export function startFailed(minutes: number): HostEvent {
  return {
    at: minute(minutes),
    kind: "start-failed",
    job: "orders",
    code: "SOURCE_NOT_FOUND",
    message: "no file matches",
  };
}

export function slot(minutes: number, nominal: string, state: SlotState, reason: string | null = null): HostEvent {
  return { at: minute(minutes), kind: "slot", job: "orders", slot: nominal, state, trigger: "cron", reason, run: null };
}
