import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/core/ports/observer.ts";
import { logger, type LoggerOptions } from "../../../src/observability/logger.ts";
import { at, chunkDone, committed, ended, rejected, restarting, sampled, stages, started } from "./run-script.ts";

/** The lines that these events are worth. */
async function linesOf(events: readonly RunEvent[], options: Partial<LoggerOptions> = {}): Promise<string[]> {
  const lines: string[] = [];
  const log = await logger({ stream: { write: (text: string) => lines.push(text) }, ...options });
  for (const event of events) log(event);
  expect(lines.every((line) => line.endsWith("\n"))).toBe(true);
  return lines.map((line) => line.trimEnd());
}

async function messagesOf(events: readonly RunEvent[], options: Partial<LoggerOptions> = {}): Promise<unknown[]> {
  const lines = await linesOf(events, options);
  return lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg);
}

const UNIT = at(1, {
  kind: "unit-committed",
  sink: "sink",
  added: { read: 1, written: 1, filtered: 0, rejected: 0, folded: 0, emitted: 1, bytes: 1 },
  chunks: 2,
  commitMs: 3,
  careful: true,
});

describe("logger()", () => {
  it("begins and ends a run with one line each", async () => {
    const events = [
      started({ slot: "2026-11-22T02:00+01:00", trigger: "cron" }),
      sampled(9_000, { stages: stages({ sink: 9_000 }) }),
      ended(9_100),
    ];
    expect(await linesOf(events)).toEqual([
      '{"level":"info","time":"2026-11-22T02:00:00.000Z","job":"orders","run":"01J9ZK","msg":"run started",' +
        '"slot":"2026-11-22T02:00+01:00","trigger":"cron","source":"data/orders.csv","transform":"orders.ts",' +
        '"sinks":{"sink":"postgres orders"},"threads":1,"bytes":1000000}',
      '{"level":"info","time":"2026-11-22T02:00:09.100Z","job":"orders","run":"01J9ZK","msg":"run succeeded",' +
        '"read":1000,"written":990,"filtered":0,"rejected":10,"seconds":9.1,"bottleneck":"sink"}',
    ]);
  });

  it("tells a live job without what it cannot know, and its stop as an end and not as a trouble", async () => {
    const events = [
      started({ endless: true, totalBytes: null, splits: 0 }),
      at(1_000, { kind: "lagging", records: { "t-0": 7 } }),
      chunkDone(10_000, 500, 1, "t-0"),
      ended(12_000, { state: "interrupted" }),
    ];
    const lines = await linesOf(events, { progress: { everyMs: 10_000 } });
    expect(lines.map((line) => line.slice(line.indexOf('"msg"')))).toEqual([
      '"msg":"run started","slot":null,"trigger":"manual","source":"data/orders.csv","transform":"orders.ts","sinks":{"sink":"postgres orders"},"threads":1}',
      '"msg":"progress","records":500,"rejected":0,"recordsPerSecond":50,"lag":7}',
      expect.stringContaining('"msg":"run stopped","read":1000,'),
    ]);
    expect(lines.at(-1)).toContain('"level":"info"');
    expect(lines.at(-1)).toContain('"lag":7');
  });

  it("says from where a run goes on", async () => {
    const resumed = { split: "orders-2.csv", token: "311", read: 42, bytes: 311 };
    const [line = ""] = await linesOf([started({ resumed })]);
    expect(JSON.parse(line)).toMatchObject({ msg: "run resumed", split: "orders-2.csv", token: "311", read: 42 });
  });

  it.each([
    ["failed", "error"],
    ["rejected", "error"],
    ["interrupted", "warn"],
  ] as const)("tells a run that %s at level %s, with the reason", async (state, level) => {
    const [line = ""] = await linesOf([ended(100, { state, message: "because of postgres://u:pw@h/d" })]);
    expect(JSON.parse(line)).toMatchObject({
      level,
      msg: `run ${state}`,
      error: "because of postgres://u:***@h/d",
      bottleneck: null,
    });
  });

  it("tells the troubles on the way", async () => {
    const away = { code: "SINK_UNAVAILABLE", reason: "ECONNREFUSED", message: "gone" } as const;
    const lines = await linesOf([
      at(1, { kind: "rewound", split: "a.csv", token: "70", dropped: 30 }),
      at(2, { kind: "retrying", stage: "sink", attempt: 2, delayMs: 400, ...away }),
      at(3, { kind: "thread-died", fault: "hang", split: "a.csv", record: 7 }),
      restarting(4),
      at(5, { kind: "breaker", sink: "shop", state: "open", forMs: 30_000, reason: "503" }),
      at(6, { kind: "breaker", sink: "shop", state: "half-open", forMs: null, reason: null }),
      at(7, { kind: "breaker", sink: "shop", state: "closed", forMs: null, reason: null }),
      at(8, { kind: "draining", reason: "SIGTERM" }),
      at(9, { kind: "held-up", stage: "sink", sink: "shop", forMs: 10_000, message: "4 of 4 are lent" }),
    ]);
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ level: "info", msg: "rewound", split: "a.csv", token: "70", droppedBytes: 30 }),
      expect.objectContaining({
        level: "warn",
        msg: "retrying",
        stage: "sink",
        attempt: 2,
        delayMs: 400,
        code: "SINK_UNAVAILABLE",
        reason: "ECONNREFUSED",
        error: "gone",
      }),
      expect.objectContaining({ level: "warn", msg: "thread died", fault: "hang", record: 7 }),
      expect.objectContaining({ level: "warn", msg: "restarting", actor: "writer", code: "SINK_UNAVAILABLE" }),
      expect.objectContaining({
        level: "warn",
        msg: "breaker open, nothing is sent until one request is tried",
        sink: "shop",
        pauseMs: 30_000,
        reason: "503",
      }),
      expect.objectContaining({ level: "info", msg: "breaker half-open, one request is tried", sink: "shop" }),
      expect.objectContaining({ level: "info", msg: "breaker closed, requests are sent again", sink: "shop" }),
      expect.objectContaining({ level: "info", msg: "draining", reason: "SIGTERM" }),
      expect.objectContaining({
        level: "warn",
        msg: "held up",
        sink: "shop",
        waitedMs: 10_000,
        reason: "4 of 4 are lent",
      }),
    ]);
  });

  it("tells the first reject of a kind at once and the next ones together", async () => {
    const events = [
      rejected(0, { count: 2 }),
      rejected(100, { count: 3, message: "second" }),
      rejected(200, { count: 4 }),
      rejected(300, { stage: "write", code: "ROW_REFUSED", sink: "sink", line: null }),
      sampled(9_999),
      sampled(10_000),
      sampled(30_000),
      rejected(31_000, { count: 5 }),
      ended(32_000),
    ];
    const lines = (await linesOf(events, { records: true })).map(
      (line) => JSON.parse(line) as { msg: string; count?: number; example?: string; sink?: string },
    );
    expect(lines.map(({ msg, count }) => [msg, count])).toEqual([
      ["records rejected", 2],
      ["records rejected", 1],
      ["records rejected", 7],
      ["records rejected", 5],
      ["run succeeded", undefined],
    ]);
    expect(lines[0]).toMatchObject({
      level: "warn",
      stage: "transform",
      code: "TRANSFORM_REJECTED",
      split: "data/orders.csv",
      line: 77,
    });
    expect(lines[1]).toMatchObject({ sink: "sink", line: null });
    expect(lines[2]).toMatchObject({ example: "second" });
  });

  it("tells progress by time", async () => {
    const events = [started(), ...Array.from({ length: 25 }, (_, s) => chunkDone((s + 1) * 1_000, 1_000, 10_000))];
    const lines = await linesOf(events, { progress: { everyMs: 10_000 } });
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({
      level: "info",
      time: "2026-11-22T02:00:10.000Z",
      msg: "progress",
      records: 10_000,
      totalRecords: 100_000,
      percent: 10,
      rejected: 0,
      recordsPerSecond: 1_000,
      remainingSeconds: 90,
    });
  });

  it("tells no progress of a run that still waits for its source and its sinks", async () => {
    expect(await messagesOf([sampled(0), sampled(20_000)], { progress: { everyMs: 10_000 } })).toEqual([]);
  });

  it("tells progress by records, and without a total what it knows", async () => {
    const events = [started({ totalBytes: null }), ...Array.from({ length: 7 }, (_, s) => chunkDone(s * 10, 1_000, 1))];
    const lines = await linesOf(events, { progress: { everyRecords: 3_000 } });
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[2] ?? "")).toMatchObject({
      records: 6_000,
      percent: null,
      totalRecords: null,
      remainingSeconds: null,
    });
  });

  it("tells splits and careful units only at level debug", async () => {
    const events = [
      at(0, { kind: "split-started", split: "a.csv", bytes: 9 }),
      UNIT,
      committed(2, {}),
      at(3, { kind: "split-ended", split: "a.csv" }),
    ];
    expect(await messagesOf(events)).toEqual([]);
    expect(await messagesOf(events, { level: "debug" })).toEqual([
      "split started",
      "unit written in careful mode",
      "split ended",
    ]);
    expect(await linesOf(events, { pretty: true })).toEqual([]);
  });

  it("says nothing about chunks and units, and nothing of progress unless it is asked to", async () => {
    const events = [
      at(0, { kind: "chunk-cut", split: "a", bytes: 1 }),
      chunkDone(99_999, 1, 1),
      committed(99_999, { read: 1 }),
    ];
    expect(await linesOf(events)).toEqual([]);
  });

  it("keeps runs apart that go on at the same time", async () => {
    const other = (event: RunEvent): RunEvent => ({ ...event, run: "02" });
    const lines = await linesOf([rejected(0), other(rejected(0)), rejected(1), ended(2), other(ended(3))]);
    expect(lines.filter((line) => line.includes("records rejected"))).toHaveLength(3);
  });

  it("writes plain lines for people", async () => {
    const retrying = at(2, {
      kind: "retrying",
      stage: "sink",
      attempt: 2,
      delayMs: 400,
      code: "SINK_UNAVAILABLE",
      reason: "ENOTFOUND",
      message: 'host "db" is gone\nnow',
    });
    expect(await linesOf([retrying, started({ transform: null })], { pretty: true })).toEqual([
      String.raw`02:00:00.002 warn  orders  retrying  stage=sink attempt=2 delayMs=400 code=SINK_UNAVAILABLE reason=ENOTFOUND error="host \"db\" is gone\nnow"`,
      '02:00:00.000 info  orders  run started  trigger=manual source=data/orders.csv sinks={"sink":"postgres orders"} threads=1 bytes=1000000',
    ]);
    const [colored] = await linesOf([retrying], { pretty: true, color: true });
    expect(colored).toContain("\u001B[2m02:00:00.002\u001B[22m \u001B[33mwarn \u001B[39m");
  });
});
