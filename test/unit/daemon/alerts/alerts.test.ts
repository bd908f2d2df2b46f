import { describe, expect, it } from "vitest";
import type { HostEvent } from "../../../../src/core/ports/runtime-events.ts";
import type { AlertSettings } from "../../../../src/daemon/alerts/alert.ts";
import { type AlertedJob, Alerts, type AlertsOptions } from "../../../../src/daemon/alerts/alerts.ts";
import { openMemoryStore } from "../../../../src/state/memory.ts";
import { FakeClock } from "../../../../src/testing/fake-clock.ts";
import { until } from "../../../support/until.ts";
import { begun, ended, START, startFailed } from "./events.ts";
import { Receiver } from "./receiver.ts";

/** A receiver, and alerts of `orders` that are told to it. */
async function watched(alerts: AlertSettings, path = "/hook/s3cret") {
  const receiver = await Receiver.start();
  const clock = new FakeClock(START);
  const emitted: HostEvent[] = [];
  const emit = (event: HostEvent): void => void emitted.push(event);
  const webhook = `http://${receiver.host}${path}`;
  const jobs = [{ name: "orders", alerts: { ...alerts, webhook }, errors }];
  const made = await watching({ jobs, state: openMemoryStore(), clock, random: () => 1, emit });
  return { receiver, clock, emitted, alerts: made, posts: (count: number) => posts(receiver, clock, count) };
}

async function watching(options: AlertsOptions & { readonly jobs: readonly AlertedJob[] }): Promise<Alerts> {
  const alerts = new Alerts(options);
  await alerts.reload(options.jobs);
  return alerts;
}

/** Lets the clock run, second by second, until so many posts have come: the wire takes its own time. */
async function posts(receiver: Receiver, clock: FakeClock, count: number): Promise<void> {
  await until(`${count} posts`, async () => {
    if (receiver.received.length >= count) return true;
    await clock.advance(1_000);
    return undefined;
  });
}

function troubles(emitted: readonly HostEvent[]): string[] {
  return emitted.flatMap((event) => (event.kind === "trouble" ? [`${event.code}: ${event.message}`] : []));
}

async function trouble(emitted: readonly HostEvent[], count: number): Promise<void> {
  await until(`${count} troubles`, () => troubles(emitted).length >= count || undefined);
}

const errors = { maxRejects: null, maxRejectRate: 0.05, minRecords: 1_000, onExceed: "fail" } as const;

function fail(alerts: Alerts, minutes = 0): void {
  alerts.observe(begun(minutes));
  alerts.observe(ended(minutes, "failed"));
}

describe("Alerts", () => {
  it("posts what begins and what ends, in the shape of Alertmanager's webhooks", async () => {
    const { receiver, emitted, alerts, posts: wait } = await watched({ failed: true });
    await using _receiver = receiver;
    using _alerts = alerts;
    fail(alerts);
    await wait(1);
    alerts.observe(ended(30));
    await wait(2);
    expect(receiver.received[0]?.message).toEqual({
      version: "4",
      groupKey: '{job="orders"}',
      truncatedAlerts: 0,
      status: "firing",
      receiver: "millrace",
      groupLabels: { job: "orders" },
      commonLabels: { job: "orders" },
      commonAnnotations: {},
      externalURL: "",
      alerts: [
        {
          status: "firing",
          labels: { alertname: "JobFailed", job: "orders", severity: "critical" },
          annotations: {
            summary: "orders: run r1 failed: the server went away",
            runbook_url: "docs/runbooks/job-failed.md",
          },
          startsAt: "2026-11-22T02:00:00.000Z",
          endsAt: "0001-01-01T00:00:00Z",
          generatorURL: "",
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    });
    const [first, second] = receiver.received.map(({ message }) => message.alerts[0]);
    expect(receiver.received[1]?.message.status).toBe("resolved");
    expect(second).toEqual({ ...first, status: "resolved", endsAt: "2026-11-22T02:30:00.000Z" });
    expect(emitted).toEqual([
      {
        at: START,
        kind: "alert",
        job: "orders",
        alert: "failed",
        firing: true,
        message: "run r1 failed: the server went away",
      },
      expect.objectContaining({ kind: "alert", alert: "failed", firing: false }),
    ]);
  });

  it("gathers the alerts of a job for five seconds", async () => {
    const { receiver, clock, alerts, posts: wait } = await watched({ failed: true, runDuration: 55_000 });
    await using _receiver = receiver;
    using _alerts = alerts;
    alerts.observe(begun(0, "slow"));
    await clock.advance(62_000);
    fail(alerts, 62 / 60);
    await wait(1);
    expect(clock.now() - START).toBeGreaterThanOrEqual(65_000);
    expect(receiver.told).toEqual(["firing RunTooLong; firing JobFailed"]);
  });

  it("tries again when the receiver fails or hangs, says the newest alone, and goes on when it recovers", async () => {
    const { receiver, clock, emitted, alerts, posts: wait } = await watched({ failed: true });
    await using _receiver = receiver;
    using _alerts = alerts;
    receiver.answer(503, "hang", { status: 429, headers: { "retry-after": "100" } });
    fail(alerts);
    await wait(1);
    await trouble(emitted, 1);
    await wait(2);
    await clock.advance(10_000);
    await trouble(emitted, 2);
    await wait(3);
    await trouble(emitted, 3);
    alerts.observe(ended(30));
    await clock.advance(99_000);
    expect(receiver.received).toHaveLength(3);
    await wait(4);
    expect(receiver.told).toEqual([...Array.from({ length: 3 }, () => "firing JobFailed"), "resolved JobFailed"]);
    const where = `ALERT_UNDELIVERED: an alert was not delivered to http://${receiver.host}`;
    expect(troubles(emitted)).toEqual([
      `${where}: it answered 503; it is tried again`,
      `${where}: no reply within 10 s; it is tried again`,
      `${where}: it answered 429; it is tried again`,
    ]);
  });

  it.each([404, 301])("drops what is answered with %d, and tells the next alert", async (status) => {
    const { receiver, clock, emitted, alerts, posts: wait } = await watched({ failed: true });
    await using _receiver = receiver;
    using _alerts = alerts;
    receiver.answer(status);
    fail(alerts);
    await wait(1);
    await trouble(emitted, 1);
    await clock.advance(3_600_000);
    expect(receiver.received).toHaveLength(1);
    alerts.observe(ended(61));
    await wait(2);
    expect(receiver.told).toEqual(["firing JobFailed", "resolved JobFailed"]);
  });

  it("keeps the address secret, and sends a user and a password as a header", async () => {
    const receiver = await Receiver.start();
    const clock = new FakeClock(START);
    const emitted: HostEvent[] = [];
    const webhook = `http://us%C3%A9r:pass@${receiver.host}/T000/B000/XXXX?key=abc`;
    const jobs = [{ name: "orders", alerts: { failed: true, webhook }, errors }];
    const emit = (event: HostEvent): void => void emitted.push(event);
    using alerts = await watching({ jobs, state: openMemoryStore(), clock, random: () => 1, emit });
    fail(alerts);
    await posts(receiver, clock, 1);
    expect(receiver.received[0]).toMatchObject({
      path: "/T000/B000/XXXX?key=abc",
      authorization: `Basic ${Buffer.from("usér:pass").toString("base64")}`,
    });
    await receiver[Symbol.asyncDispose]();
    alerts.observe(ended(1));
    await until("nobody answers", async () => {
      await clock.advance(1_000);
      return troubles(emitted).length > 0 || undefined;
    });
    expect(troubles(emitted).join("\n")).toMatch(/ECONNREFUSED|ECONNRESET|socket|closed/i);
    expect(JSON.stringify(emitted)).not.toMatch(/pass|T000|abc/);
  });

  it("tells no secret that an error repeats, and why nobody could be reached where several addresses were tried", async () => {
    const clock = new FakeClock(START);
    const emitted: HostEvent[] = [];
    const refused = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });
    const fetch = () => Promise.reject(new TypeError("fetch failed", { cause: refused }));
    const jobs = [{ name: "orders", alerts: { failed: true, webhook: "http://localhost:1/" }, errors }];
    const emit = (event: HostEvent): void => void emitted.push(event);
    using alerts = await watching({ jobs, state: openMemoryStore(), clock, random: () => 1, emit, fetch });
    alerts.observe({ ...startFailed(0), message: "postgres://me:s3cret@db refused" } as HostEvent);
    await clock.advance(5_000);
    expect(emitted).toMatchObject([
      { kind: "alert", message: "a run could not begin: SOURCE_NOT_FOUND: postgres://me:***@db refused" },
      { kind: "trouble", message: expect.stringContaining("http://localhost:1: ECONNREFUSED;") },
    ]);
  });

  it("refuses what is no address without repeating it", async () => {
    const clock = new FakeClock(START);
    const jobs = [{ name: "orders", alerts: { failed: true, webhook: "ftp://me:s3cret@files" }, errors }];
    const made = watching({ jobs, state: openMemoryStore(), clock, random: () => 1, emit: () => {} });
    await expect(made).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(made).rejects.not.toThrow("s3cret");
  });

  it("measures noSuccessFor from the newest success that the state store knows", async () => {
    const state = openMemoryStore();
    const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
    const row = { job: "orders", scope: "", slot: null, params: "{}", trigger: "cron", columns: null, summary: null };
    const ends = [
      { id: "a", state: "succeeded", endedAt: at(-50) },
      { id: "b", state: "failed", endedAt: at(-1) },
    ] as const;
    for (const end of ends) await state.createRun({ ...row, ...end, startedAt: at(-60), fingerprint: null });
    const clock = new FakeClock(START);
    const told: HostEvent[] = [];
    const alerted = { noSuccessFor: 3_600_000, webhook: "" };
    const jobs = ["orders", "others"].map((name) => ({ name, alerts: alerted, errors }));
    using alerts = await watching({ jobs, state, clock, random: () => 1, emit: (event) => void told.push(event) });
    await clock.advance(600_000);
    expect(told).toEqual([]);
    await clock.advance(5_000);
    expect(told).toMatchObject([{ kind: "alert", job: "orders", alert: "noSuccessFor", firing: true }]);
    expect(alerts.firing()).toMatchObject([{ job: "orders", alert: "noSuccessFor", since: START + 605_000 }]);
  });

  it("posts at once when it is flushed, and leaves no timer behind when it is disposed", async () => {
    const { receiver, clock, alerts } = await watched({ failed: true });
    await using _receiver = receiver;
    fail(alerts);
    await alerts.flush();
    expect(receiver.told).toEqual(["firing JobFailed"]);
    alerts.observe(ended(1));
    alerts[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
    alerts.observe(ended(2, "failed"));
    expect(clock.pendingTimers).toBe(0);
  });

  it("tells the old address of the end when a job is taken away", async () => {
    const { receiver, alerts, posts: wait } = await watched({ failed: true });
    await using _receiver = receiver;
    using _alerts = alerts;
    fail(alerts);
    await wait(1);
    await alerts.reload([]);
    await wait(2);
    expect(receiver.told).toEqual(["firing JobFailed", "resolved JobFailed"]);
  });
});
