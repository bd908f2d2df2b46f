import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { HostEvent, RuntimeEvent } from "../../../src/core/ports/runtime-events.ts";
import { logger, logRuntime } from "../../../src/observability/logger.ts";
import type { RuntimeLogOptions } from "../../../src/observability/runtime-log.ts";
import { at, ended, rejected, START, sampled } from "./run-script.ts";

type Line = Readonly<Record<string, unknown>>;

/** The lines that events become, all levels. */
async function linesOf(events: readonly RuntimeEvent[], options: RuntimeLogOptions = {}): Promise<Line[]> {
  const lines: Line[] = [];
  const stream = { write: (text: string) => lines.push(JSON.parse(text) as Line) };
  const log = await logger({ stream, level: "debug", ...options });
  for (const event of events) log(event);
  return lines;
}

type WithoutAt<E> = E extends unknown ? Omit<E, "at"> : never;

function host(body: WithoutAt<HostEvent>): HostEvent {
  return { at: START, ...body };
}

const slot = { kind: "slot", job: "orders", slot: "2026-11-22T02:00+01:00", trigger: "cron", run: null } as const;
const away = { kind: "retrying", stage: "sink", sink: "shop", delayMs: 1, code: "SINK_UNAVAILABLE" } as const;

function retrying(afterMs: number, reason = "57P01", message = "it went away"): RuntimeEvent {
  return at(afterMs, { ...away, attempt: 1, reason, message });
}

describe("logger() of a runtime", () => {
  it.each<[WithoutAt<HostEvent>, level: string, msg: string, fields: Line]>([
    [{ ...slot, state: "due", reason: null }, "debug", "slot due", { job: "orders", slot: slot.slot, trigger: "cron" }],
    [{ ...slot, state: "missed", reason: "nobody was up" }, "warn", "slot missed", { reason: "nobody was up" }],
    [{ ...slot, state: "skipped", reason: "a run is under way" }, "warn", "slot skipped", {}],
    [{ ...slot, state: "failed", reason: null, run: "01J9" }, "debug", "slot failed", { run: "01J9" }],
    [{ kind: "job-paused", job: "orders", reason: "by hand" }, "warn", "job paused", { reason: "by hand" }],
    [{ kind: "job-paused", job: "orders", reason: null }, "info", "job goes on", {}],
    [
      { kind: "start-failed", job: "orders", code: "SOURCE_NOT_FOUND", message: "no file", causes: ["ENOENT"] },
      "error",
      "run could not begin",
      { code: "SOURCE_NOT_FOUND", error: "no file", causes: ["ENOENT"] },
    ],
    [
      { kind: "trouble", job: null, code: "STATE_UNAVAILABLE", message: "postgres://etl:s3cret@db/state: refused" },
      "warn",
      "trouble",
      { code: "STATE_UNAVAILABLE", error: "postgres://etl:***@db/state: refused" },
    ],
    [
      { kind: "reloaded", added: ["a"], changed: [], removed: ["b", "c"] },
      "info",
      "jobs reloaded",
      { added: ["a"], changed: [], removed: ["b", "c"] },
    ],
    [
      { kind: "reload-refused", message: "orders.yaml:3:1: source: unknown key" },
      "error",
      "reload refused, the old jobs stay",
      { error: "orders.yaml:3:1: source: unknown key" },
    ],
    [
      { kind: "alert", job: "orders", alert: "failed", firing: true, message: "run 01J9 failed" },
      "warn",
      "alert firing",
      { job: "orders", alert: "failed", about: "run 01J9 failed" },
    ],
    [{ kind: "alert", job: "orders", alert: "failed", firing: false, message: "" }, "info", "alert resolved", {}],
    [{ kind: "stopping", deadlineMs: 30_000 }, "info", "stopping", { deadlineSeconds: 30 }],
  ])("tells of %o", async (body, level, msg, fields) => {
    const lines = await linesOf([host(body)]);
    expect(lines).toEqual([expect.objectContaining({ level, msg, time: "2026-11-22T02:00:00.000Z", ...fields })]);
    expect("job" in (lines[0] ?? {})).toBe("job" in body && body.job !== null);
  });

  it("writes five lines of a kind in a minute, then the newest with how many it stands for", async () => {
    const events = [
      ...Array.from({ length: 20 }, (_, i) => retrying(i * 1_000, "57P01", `try ${i}`)),
      retrying(20_000, "ECONNREFUSED"),
      sampled(59_000),
      sampled(60_000),
      retrying(61_000, "57P01", "again"),
    ];
    const lines = await linesOf(events);
    expect(lines.map(({ error, reason, repeated }) => [error, reason, repeated])).toEqual([
      ...Array.from({ length: 5 }, (_, i) => [`try ${i}`, "57P01", undefined]),
      ["it went away", "ECONNREFUSED", undefined],
      ["try 19", "57P01", 15],
      ["again", "57P01", undefined],
    ]);
  });

  it("tells what it held back of a run before that run's end, and never holds back ends", async () => {
    const lines = await linesOf([
      ...Array.from({ length: 7 }, (_, i) => retrying(i)),
      ...Array.from({ length: 8 }, () => ended(10)),
    ]);
    expect(lines.slice(5, 7).map(({ msg, repeated }) => [msg, repeated])).toEqual([
      ["retrying", 2],
      ["run succeeded", undefined],
    ]);
    expect(lines).toHaveLength(14);
  });

  it("shows nothing of records unless it is asked to", async () => {
    const refused = rejected(1, { message: 'no amount in {"iban":"DE02"}' });
    const [quiet] = await linesOf([refused]);
    expect(JSON.stringify(quiet)).not.toContain("DE02");
    expect(quiet).toMatchObject({ code: "TRANSFORM_REJECTED", split: "data/orders.csv", line: 77, count: 1 });
    const [open] = await linesOf([refused], { records: true });
    expect(open).toMatchObject({ example: 'no amount in {"iban":"DE02"}' });
  });

  it("tells causes beside an error", async () => {
    const event = at(1, { ...away, attempt: 1, reason: "57P01", message: "went away", causes: ["a", "token=s3cret"] });
    expect(await linesOf([event])).toMatchObject([{ error: "went away", causes: ["a", "token=***"] }]);
  });
});

describe("logRuntime()", () => {
  it("writes into a program's own pino logger", () => {
    const lines: Line[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(String(chunk)) as Line);
        done();
      },
    });
    const log = logRuntime(pino({ base: { app: "shop" } }, stream));
    log(host({ ...slot, state: "missed", reason: null }));
    log(ended(5));
    expect(lines).toMatchObject([
      { level: 40, app: "shop", job: "orders", msg: "slot missed", slot: slot.slot },
      { level: 30, app: "shop", job: "orders", run: "01J9ZK", msg: "run succeeded" },
    ]);
  });
});
