import { Registry } from "prom-client";
import { beforeEach, describe, expect, it } from "vitest";
import type { LendingFigures } from "../../../src/core/ports/shared-objects.ts";
import type { HostEvent } from "../../../src/core/ports/runtime-events.ts";
import { type RuntimeMetrics, runtimeMetrics } from "../../../src/observability/runtime-metrics.ts";
import { until } from "../../support/until.ts";
import { at, committed, ended, rejected, START, started } from "./run-script.ts";

type Reloaded = HostEvent & { readonly kind: "reloaded" };

const none = { at: START, kind: "reloaded", added: [], changed: [], removed: [] } as const satisfies Reloaded;
const gone = (job: string): Reloaded => ({ ...none, removed: [job] });

function slot(state: "due" | "started" | "succeeded"): HostEvent {
  return {
    at: START,
    kind: "slot",
    job: "orders",
    slot: "2026-11-22T02:00Z",
    state,
    trigger: "cron",
    reason: null,
    run: null,
  };
}

function paused(reason: string | null): HostEvent {
  return { at: START, kind: "job-paused", job: "orders", reason };
}

describe("runtimeMetrics()", () => {
  let registry: Registry;
  let metrics: RuntimeMetrics;
  let next: () => ReadonlyMap<string, number>;
  let pools: LendingFigures[];
  beforeEach(async () => {
    registry = new Registry();
    next = () => new Map();
    pools = [];
    metrics = await runtimeMetrics(registry, { version: "1.2.3", nextSlots: () => next(), pools: () => pools });
  });

  async function samples(name: string): Promise<string[]> {
    const text = await registry.getSingleMetricAsString(`millrace_${name}`);
    return text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.replace(`millrace_${name}`, ""));
  }

  it("begins with what is known: the last success, alerts that do not fire, the version", async () => {
    metrics.know([
      { job: "orders", successAt: START, alerts: ["failed"] },
      { job: "users", alerts: [] },
    ]);
    expect(await samples("last_success_timestamp_seconds")).toEqual([`{job="orders"} ${START / 1_000}`]);
    expect(await samples("alert_firing")).toEqual(['{job="orders",alert="failed"} 0']);
    expect(await samples("job_state")).toEqual(['{job="orders"} 0', '{job="users"} 0']);
    expect(await samples("build_info")).toEqual([`{version="1.2.3",node="${process.version}"} 1`]);
  });

  it("counts slots by state and shows alerts", async () => {
    for (const state of ["due", "started", "due"] as const) metrics.observe(slot(state));
    expect(await samples("slots_total")).toEqual(['{job="orders",state="due"} 2', '{job="orders",state="started"} 1']);
    const alert = { at: START, kind: "alert", job: "orders", alert: "lag", message: "" } as const;
    metrics.observe({ ...alert, firing: true });
    expect(await samples("alert_firing")).toEqual(['{job="orders",alert="lag"} 1']);
    metrics.observe({ ...alert, firing: false });
    expect(await samples("alert_firing")).toEqual(['{job="orders",alert="lag"} 0']);
  });

  it("asks for the next slots at each scrape, and does without them while nobody answers", async () => {
    next = () => new Map([["orders", START]]);
    expect(await samples("next_slot_timestamp_seconds")).toEqual([`{job="orders"} ${START / 1_000}`]);
    next = () => {
      throw new TypeError("the state store is away");
    };
    expect(await samples("next_slot_timestamp_seconds")).toEqual([]);
  });

  it("says that a job is running while one of its runs is, paused before failed", async () => {
    const state = async (): Promise<string> => (await samples("job_state"))[0]?.at(-1) ?? "";
    metrics.observe(started());
    metrics.observe({ ...started(), run: "other" });
    metrics.observe(ended(1, { state: "failed" }));
    expect(await state()).toBe("1");
    metrics.observe({ ...ended(2, { state: "failed" }), run: "other" });
    expect(await state()).toBe("2");
    metrics.observe(paused("by hand"));
    expect(await state()).toBe("3");
    metrics.observe(paused(null));
    expect(await state()).toBe("2");
  });

  it("bounds labels whose values come from elsewhere", async () => {
    const away = { code: "SINK_UNAVAILABLE", message: "" } as const;
    for (let i = 0; i < 120; i++) {
      metrics.observe(at(i, { kind: "retrying", stage: "sink", attempt: 1, delayMs: 1, ...away, reason: `E${i}` }));
      metrics.observe(rejected(i, { code: `CODE_${i}` }));
    }
    expect(await samples("retries_total")).toHaveLength(51);
    expect(await samples("retries_total")).toContain('{job="orders",stage="sink",reason="other"} 70');
    expect(await samples("rejects_total")).toHaveLength(51);
    const records = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`t-${i}`, 2]));
    metrics.observe(at(1, { kind: "lagging", records }));
    const lag = await samples("source_lag_records");
    expect(lag).toHaveLength(201);
    expect(lag).toContain('{job="orders",split="other"} 200');
    metrics.observe(at(1, { kind: "lagging", records: { "t-0": 1 } }));
    expect(await samples("source_lag_records")).toEqual(['{job="orders",split="t-0"} 1']);
  });

  it("drops all series of a job that is gone, once its last run has ended, and none of others", async () => {
    for (const job of ["orders", "users"]) {
      metrics.know([{ job, successAt: START, alerts: ["failed"] }]);
      for (const event of [started(), committed(1, { read: 1, written: 1 }), rejected(2)])
        metrics.observe({ ...event, job });
      metrics.observe({ ...slot("started"), job } as HostEvent);
    }
    metrics.observe({ ...ended(3), job: "users" });
    metrics.observe(gone("orders"));
    expect(await registry.metrics()).toContain('job="orders"');
    metrics.observe(ended(4));
    await until("its series are gone", async () => !(await registry.metrics()).includes('job="orders"') || undefined);
    expect(await samples("commit_seconds")).toContain('_count{job="users",sink="sink"} 1');
    metrics.observe(gone("users"));
    await until("no series are left", async () => !(await registry.metrics()).includes('job="') || undefined);
  });

  it("shows what the pools that all jobs share hold now, one figure a name", async () => {
    const pool = { name: "etl@db:5432/shop sink", max: 4, size: 3, lent: 2, waiting: 1 };
    pools = [pool, { ...pool, name: "etl@db:5432/shop source", waiting: 0 }, { ...pool, size: 2 }];
    expect(await samples("pool_size")).toEqual([
      '{pool="etl@db:5432/shop sink"} 5',
      '{pool="etl@db:5432/shop source"} 3',
    ]);
    pools = [pool];
    expect(await samples("pool_waiting")).toEqual(['{pool="etl@db:5432/shop sink"} 1']);
    expect(await samples("pool_limit")).toEqual(['{pool="etl@db:5432/shop sink"} 4']);
  });

  it("replaces what an earlier runtime left on the registry", async () => {
    metrics.observe(slot("due"));
    const nextSlots = () => new Map([["users", START]]);
    await runtimeMetrics(registry, { version: "1.2.4", nextSlots, pools: () => [] });
    expect(await samples("slots_total")).toEqual([]);
    expect(await samples("next_slot_timestamp_seconds")).toEqual([`{job="users"} ${START / 1_000}`]);
  });
});
