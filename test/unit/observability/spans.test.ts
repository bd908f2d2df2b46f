import { context, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RuntimeObserver } from "../../../src/core/ports/runtime-events.ts";
import { spans } from "../../../src/observability/spans.ts";
import { MemoryTracer } from "./memory-tracer.ts";
import { at, chunkDone, committed, ended, restarting, START, started } from "./run-script.ts";

describe("spans()", () => {
  let tracer: MemoryTracer;
  let observe: RuntimeObserver;
  beforeEach(async () => {
    tracer = new MemoryTracer();
    trace.setGlobalTracerProvider(tracer);
    observe = await spans();
  });
  afterEach(() => {
    trace.disable();
    context.disable();
  });

  it("makes a span of a run with what it was, what became of it, and what happened", () => {
    observe(started({ slot: "2026-11-22T02:00Z", trigger: "cron", source: "postgres://me:s3cret@db/shop" }));
    observe(at(5, { kind: "split-started", split: "orders.csv", bytes: 9 }));
    observe(chunkDone(6, 10, 9));
    observe(restarting(7));
    observe(ended(1_000));
    const [run] = tracer.spans;
    expect(tracer.spans).toHaveLength(1);
    expect(run).toMatchObject({
      name: "run orders",
      parent: null,
      start: START,
      end: START + 1_000,
      status: { code: SpanStatusCode.OK },
      attributes: {
        "millrace.job": "orders",
        "millrace.run": "01J9ZK",
        "millrace.slot": "2026-11-22T02:00Z",
        "millrace.trigger": "cron",
        "millrace.source": "postgres://me:***@db/shop",
        "millrace.sinks": ["sink"],
        "millrace.state": "succeeded",
        "millrace.records.read": expect.any(Number),
      },
    });
    expect(run?.events).toEqual([
      `split started {"split":"orders.csv","bytes":9} ${START + 5}`,
      expect.stringMatching(/^restarting \{"actor":"writer",/),
    ]);
  });

  it("says that a run failed, and why, and neither of one that was interrupted", () => {
    observe(started());
    observe(ended(1, { state: "failed", message: "password=hunter2 was refused" }));
    observe(started());
    observe(ended(2, { state: "interrupted" }));
    expect(tracer.spans.map(({ status }) => status)).toEqual([
      { code: SpanStatusCode.ERROR, message: "password=*** was refused" },
      null,
    ]);
  });

  it("makes spans of commit units that are slow, and of one in a hundred of each sink", () => {
    observe(started());
    for (let i = 0; i < 250; i++) observe(committed(100 + i, { read: 1, written: 1 }));
    observe({ ...committed(9_000, { read: 1, written: 1 }), commitMs: 5_000 } as ReturnType<typeof committed>);
    observe(committed(9_001, { read: 1 }, "archive"));
    observe(ended(10_000));
    const commits = tracer.spans.slice(1);
    expect(commits.map(({ name, parent, start, end }) => [name, parent, start - START, (end ?? 0) - START])).toEqual([
      ["commit sink", "run orders", 80, 100],
      ["commit sink", "run orders", 180, 200],
      ["commit sink", "run orders", 280, 300],
      ["commit sink", "run orders", 4_000, 9_000],
      ["commit archive", "run orders", 8_981, 9_001],
    ]);
  });

  it("stands below the span that is active", () => {
    const around = tracer.getTracer().startSpan("nightly");
    const inside = trace.setSpan(ROOT_CONTEXT, around);
    context.setGlobalContextManager({
      active: () => inside,
      with: (_context, call, self, ...args) => call.call(self, ...args),
      bind: (_context, target) => target,
      enable() {
        return this;
      },
      disable() {
        return this;
      },
    });
    observe(started());
    expect(tracer.spans[1]?.parent).toBe("nightly");
  });

  it("keeps nothing of a run whose span does not record, as all do without an SDK", () => {
    tracer.records = false;
    observe(started());
    tracer.records = true;
    observe(committed(1, { read: 1 }));
    observe(ended(2));
    trace.disable();
    observe(started());
    observe(committed(1, { read: 1 }));
    observe(ended(2));
    expect(tracer.spans).toEqual([]);
  });
});
