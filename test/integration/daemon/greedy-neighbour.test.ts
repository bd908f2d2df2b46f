/** Jobs that take all they can get, with real threads, beside a small one that wants little and must get it. */
import { expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { Job } from "../../../src/config/job.ts";
import type { SinkUse } from "../../../src/core/ports/connector.ts";
import type { RuntimeEvent } from "../../../src/core/ports/runtime-events.ts";
import { createRuntime } from "../../../src/daemon/runtime.ts";
import { onAbort } from "../../../src/core/abort.ts";
import { MemorySink } from "../../../src/testing/memory-sink.ts";
import { MemorySource } from "../../../src/testing/memory-source.ts";
import { wrapped } from "../../../src/testing/wrapped.ts";
import { Project } from "../../support/project.ts";
import { until } from "../../support/until.ts";

const BUDGET_BYTES = 256 * 1024;
const CHUNK = 50;
/** Chunks that the greedy jobs would have to do. */
const GREEDY_CHUNKS = 2_000;
const WANTED_SUCCESSES = 4;
/** Before a chunk's turn: what is at work, and one of each other job that waits, two chunks of a small job side by side. */
const MOST_TURNS_BEFORE = 6;

const records = Array.from({ length: CHUNK * GREEDY_CHUNKS }, (_, id) => ({ id, text: "x".repeat(100) }));
const endless = { chunk: { records: CHUNK }, trigger: { type: "once" }, source: sourceOf(records) } as const;

function sourceOf(content: readonly unknown[]): MemorySource {
  return new MemorySource({ "records.jsonl": content });
}

/** A table that takes the first unit and gives no answer any more. */
function stalledSink(): SinkUse {
  const { module } = new MemorySink();
  return {
    ...{ type: "module", options: {} },
    module: {
      ...module,
      resolve: async (options, context) => {
        const bound = await module.resolve(options, context);
        return wrapped(bound, {
          open: async (session) => {
            const writer = await bound.open(session);
            return wrapped(writer, {
              begin: async (mode, columns) =>
                wrapped(await writer.begin(mode, columns), {
                  commit: () =>
                    new Promise((_, reject) => onAbort(session.signal, () => reject(session.signal.reason))),
                }),
            });
          },
        });
      },
    },
  };
}

function transformOf(project: Project, name: string, text: string): string {
  project.write(name, `export default ${text};\n`);
  return project.path(name);
}

function jobs(project: Project): readonly Job[] {
  const burn = transformOf(
    project,
    "burn.ts",
    "(record) => { let sum = 0; for (let n = 0; n < 400_000; n++) sum += Math.sqrt(n); return { ...record, sum }; }",
  );
  const die = transformOf(project, "die.ts", "() => process.exit(3)");
  const same = transformOf(project, "same.ts", "(record) => record");
  const everySecond = { type: "interval", every: "1s" } as const;
  return [
    defineJob({ name: "heavy", ...endless, transform: burn, workers: 8, sink: new MemorySink() }),
    defineJob({ name: "hoarder", ...endless, sink: stalledSink() }),
    defineJob({
      ...{ name: "crashing", trigger: everySecond, source: sourceOf(records.slice(0, 3)), transform: die },
      ...{ errors: { maxRejects: 0 }, sink: new MemorySink() },
    }),
    defineJob({
      ...{ name: "small", trigger: everySecond, source: sourceOf(records.slice(0, 2 * CHUNK)), transform: same },
      ...{ chunk: { records: CHUNK }, sink: new MemorySink() },
    }),
  ];
}

/** How many tasks of `other` were done between a chunk of `job` being cut and being done, the most there were. */
function mostBetween(events: readonly RuntimeEvent[], job: string, other: string): number {
  let most = 0;
  let waiting: number | null = null;
  for (const event of events) {
    if (event.kind === "chunk-cut" && event.job === job) waiting ??= 0;
    if (event.kind === "chunk-done" && event.job === other && waiting !== null) most = Math.max(most, ++waiting);
    if (event.kind === "chunk-done" && event.job === job) waiting = null;
  }
  return most;
}

const count = (events: readonly RuntimeEvent[], job: string, kind: RuntimeEvent["kind"]): number =>
  events.filter((event) => event.kind === kind && "job" in event && event.job === job).length;

test("a small job gets its turns and its memory beside jobs that take all of both, and one that crashes all the time", {
  timeout: 120_000,
}, async () => {
  using project = new Project();
  const events: RuntimeEvent[] = [];
  await using runtime = await createRuntime({
    ...{ jobs: jobs(project), state: project.path("state.db"), threads: 1, memory: { budget: BUDGET_BYTES } },
    observers: [(event) => void events.push(event)],
  });
  await runtime.start();
  const successes = (): number =>
    events.filter((event) => event.kind === "slot" && event.job === "small" && event.state === "succeeded").length;
  await until("the greedy jobs to have all they can get", () =>
    count(events, "heavy", "chunk-done") > 3 && count(events, "hoarder", "chunk-done") > 0 ? true : undefined,
  );
  const before = successes();
  await until("some runs of the small job", () => (successes() >= before + WANTED_SUCCESSES ? true : undefined));
  const [heavy, hoarder] = await Promise.all([runtime.status("heavy"), runtime.status("hoarder")]);
  expect([heavy?.state, hoarder?.state]).toEqual(["running", "running"]);
  await runtime.drain(0);

  expect(count(events, "hoarder", "unit-committed")).toBe(0);
  // It could not take more than the budget, and what it holds is nobody's misfortune.
  expect(count(events, "hoarder", "chunk-cut")).toBeLessThan(GREEDY_CHUNKS / 4);
  expect(
    events.filter((event) => event.kind === "run-ended" && event.job === "small" && event.state !== "succeeded"),
  ).toEqual([]);
  expect(count(events, "crashing", "thread-died")).toBeGreaterThan(1);
  expect(mostBetween(events, "small", "heavy")).toBeLessThanOrEqual(MOST_TURNS_BEFORE);
  expect(count(events, "heavy", "chunk-done")).toBeGreaterThan(WANTED_SUCCESSES);
});
