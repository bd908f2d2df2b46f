import { describe, expect, it } from "vitest";
import { renderSummary } from "../../../src/observability/summary.ts";
import { wrap } from "../../../src/observability/wrap.ts";
import { summaryOf } from "./run-script.ts";

const PLAIN = { color: false, width: 120 } as const;

describe("renderSummary()", () => {
  it("tells a good run in four lines", () => {
    expect(renderSummary(summaryOf(), { ...PLAIN, rejectsAt: "npx millrace rejects list orders" })).toBe(
      [
        "  done in 0.98 s   500,000 read = 495,003 written + 0 filtered + 4,997 rejected   balanced",
        "  510,204 records/s, 71 MB/s, peak memory 121 MB, event loop p99 2 ms",
        "  bottleneck: sink (database, 91 % busy): Postgres spends its time in COPY; `workers: 1` is enough here",
        '  rejects: 4,997  transform "bad e-mail" 4,997      -> npx millrace rejects list orders',
      ].join("\n"),
    );
  });

  it("is shorter when nothing was rejected and nothing stood out", () => {
    const summary = summaryOf({
      rejected: 0,
      written: 500_000,
      emitted: 500_000,
      rejects: [],
      bottleneck: null,
      eventLoopP99Ms: 0.4,
    });
    expect(renderSummary(summary, PLAIN)).toBe(
      [
        "  done in 0.98 s   500,000 read = 500,000 written + 0 filtered + 0 rejected   balanced",
        "  510,204 records/s, 71 MB/s, peak memory 121 MB, event loop p99 under 1 ms",
      ].join("\n"),
    );
  });

  it("says what was tried again, and why", () => {
    const retryReasons = [
      { stage: "sink", sink: "sink", reason: "40P01", count: 3, example: "deadlock detected (40P01)" },
      { stage: "source", reason: "ENOENT", count: 1, example: "no such file" },
    ] as const;
    expect(renderSummary(summaryOf({ retries: 4, retryReasons }), PLAIN)).toContain(
      '\n  retried 4 times: sink sink 40P01 3, source ENOENT 1, such as "deadlock detected (40P01)"\n',
    );
  });

  it("says how long a breaker held a sink up, and why", () => {
    const breakers = [{ sink: "shop", opened: 2, openMs: 61_000, reason: "503 from https://u:pw@shop.test/orders" }];
    expect(renderSummary(summaryOf({ breakers }), PLAIN)).toContain(
      '\n  breaker of sink shop opened 2 times, for 1 m 1 s: "503 from https://u:***@shop.test/orders"\n',
    );
  });

  it("names rows, folded records and a ledger that does not balance", () => {
    const summary = summaryOf({ emitted: 990_006, folded: 5, balanced: false, resumed: true });
    expect(renderSummary(summary, PLAIN)).toContain(
      "done in 0.98 s (resumed)   500,000 read = 495,003 written (990,006 rows) + 0 filtered + 4,997 rejected + 5 folded   NOT BALANCED",
    );
  });

  it("shows several sinks as a table, and the rejects of all of them", () => {
    const { sink = expect.fail() } = summaryOf().sinks;
    const archive = { ...sink, written: 12, emitted: 24, filtered: 499_988, rejected: 0, bytes: 900 };
    const rejects = [{ stage: "write", code: "ROW_REFUSED", count: 4_997, example: "no" }];
    const summary = summaryOf({ rejected: 0, sinks: { warehouse: sink, archive }, rejects });
    const lines = renderSummary(summary, PLAIN).split("\n");
    expect(lines.slice(1, 4)).toEqual([
      "                  read  written     rows  filtered  rejected  bytes",
      "    warehouse  500,000  495,003  495,003         0     4,997  50 MB",
      "    archive    500,000       12       24   499,988         0  900 B",
    ]);
    expect(lines.join("\n")).toContain('rejects: 4,997  write ROW_REFUSED 4,997, such as "no"');
  });

  it("lists several kinds of rejects, with examples and without secrets", () => {
    const kinds = ["A", "B", "C", "D", "E"].map((code, i) => ({ stage: "decode", code, count: 5 - i, example: "x" }));
    const first = {
      stage: "write",
      code: "ROW_REFUSED",
      count: 90,
      example: "numeric field\noverflow at postgres://u:pw@h/d",
    };
    const text = renderSummary(summaryOf({ rejected: 105, rejects: [first, ...kinds] }), PLAIN);
    expect(renderSummary(summaryOf({ resumed: true, rejected: 6_000 }), PLAIN)).toContain(
      '\n  rejects: 6,000\n    transform "bad e-mail" 4,997\n    1,003 before the run was resumed',
    );
    expect(text).toContain(
      [
        "  rejects: 105",
        '    write ROW_REFUSED 90, such as "numeric field overflow at postgres://u:***@h/d"',
        '    decode A 5, such as "x"',
      ].join("\n"),
    );
    expect(text.endsWith("    and 1 more kind")).toBe(true);
  });

  it("shortens an example that is too long for the line", () => {
    const rejects = [{ stage: "transform", code: "TRANSFORM_REJECTED", count: 1, example: "y".repeat(200) }];
    const text = renderSummary(summaryOf({ rejected: 1, rejects }), { color: false, width: 60 });
    expect(text).toContain(`transform "${"y".repeat(27)}..." 1`);
  });

  it("compares with the run before", () => {
    const before = summaryOf({ durationMs: 1_200, recordsPerSecond: 425_170 });
    expect(renderSummary(summaryOf(), { ...PLAIN, previous: before })).toContain(
      "  run before: 1.2 s, 425,170 records/s, 20 % faster now",
    );
    const same = summaryOf();
    expect(renderSummary(summaryOf(), { ...PLAIN, previous: same })).toContain("510,204 records/s, as fast");
    const faster = summaryOf({ recordsPerSecond: 1_020_408 });
    expect(renderSummary(summaryOf(), { ...PLAIN, previous: faster })).toContain("50 % slower now");
    for (const previous of [summaryOf({ state: "failed" }), summaryOf({ recordsPerSecond: 0 })]) {
      expect(renderSummary(summaryOf(), { ...PLAIN, previous })).not.toContain("run before");
    }
  });

  it("says of a failed run what to repair and that it resumes", () => {
    const error = {
      code: "SINK_UNAVAILABLE",
      message: "postgres://etl:pw@db/x: connection refused\nsecond line",
    } as const;
    const lines = renderSummary(summaryOf({ state: "failed", error }), PLAIN).split("\n");
    expect(lines[0]).toMatch(/^ {2}failed after 0.98 s {3}500,000 read/);
    expect(lines.slice(-3)).toEqual([
      "  SINK_UNAVAILABLE: postgres://etl:***@db/x: connection refused",
      "  second line",
      "  next: repair what the message names, then run it again: it resumes after 495,003 written records",
    ]);
  });

  it("says of a wrong use that something has to be changed", () => {
    const error = { code: "TABLE_UNKNOWN", message: "orders does not exist" } as const;
    const text = renderSummary(summaryOf({ state: "failed", error }), { ...PLAIN, resumes: false });
    expect(text).toContain(
      "next: change what the message names, then run it again: it starts over, what is unfinished is discarded",
    );
  });

  it("says of too many rejects which limit to raise", () => {
    const error = { code: "REJECT_LIMIT", message: "6.1 % rejected; the limit is 5 %" } as const;
    const text = renderSummary(summaryOf({ state: "rejected", error, written: 1 }), PLAIN);
    expect(text).toContain("  stopped after 0.98 s: too many rejects   500,000 read");
    expect(text).toContain("  REJECT_LIMIT: 6.1 % rejected; the limit is 5 %\n");
    expect(text).toContain(
      "next: look at the rejects; correct the data, or raise errors.maxRejects or errors.maxRejectRate, then run it again; or go on with --accept-rejects: it resumes after 1 written record",
    );
  });

  it("says of an interrupted run that it goes on", () => {
    const text = renderSummary(summaryOf({ state: "interrupted" }), PLAIN);
    expect(text).toContain("  interrupted after 0.98 s");
    expect(text.endsWith("  next: run it again: it resumes after 495,003 written records")).toBe(true);
  });

  it("says of a live job that it was stopped, how far behind it is, and that it goes on", () => {
    const text = renderSummary(summaryOf({ state: "interrupted", lag: 1_200 }), { ...PLAIN, endless: true });
    expect(text).toContain("  stopped after 0.98 s   500,000 read");
    expect(text).toContain("/s, lag 1,200 records, peak memory");
    expect(text.endsWith("  next: run it again: it goes on behind what is committed")).toBe(true);
  });

  it("wraps the advice at the width and colours only when it may", () => {
    const text = renderSummary(summaryOf(), { color: true, width: 70 });
    expect(text).toContain("\u001B[32mdone in 0.98 s\u001B[39m");
    expect(text).toContain(
      "\u001B[1mbottleneck:\u001B[22m sink (database, 91 % busy): Postgres spends its time in\n    COPY;",
    );
  });

  it("does not divide by a duration of nothing", () => {
    expect(renderSummary(summaryOf({ durationMs: 0 }), PLAIN)).toContain(" 0 B/s,");
  });
});

describe("wrap()", () => {
  it("breaks at spaces and keeps long words whole", () => {
    expect(wrap("one two three", 8, "  ")).toBe("one two\n  three");
    expect(wrap("incomprehensibilities of x", 5, "  ")).toBe("incomprehensibilities\n  of\n  x");
    expect(wrap("", 5, "  ")).toBe("");
  });
});
