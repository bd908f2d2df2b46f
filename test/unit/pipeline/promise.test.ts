import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineJob } from "../../../src/config/define-job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { builtConnectors } from "../../../src/connectors/catalog.ts";
import { defineSink, defineSource } from "../../../src/core/ports/connector.ts";
import { promiseOf } from "../../../src/pipeline/promise.ts";

const SOURCES: { readonly [name: string]: JobConfig["source"] } = {
  "csv files": { type: "file", path: "orders.csv" },
  "jsonl files": { type: "file", path: "orders.jsonl.gz" },
  "a json array": { type: "file", path: "orders.json" },
  "text files": { type: "file", path: "orders.log" },
  "growing csv files": { type: "file", path: "orders.csv", incremental: true },
};
const SINKS: { readonly [name: string]: NonNullable<JobConfig["sink"]> } = {
  "a table": { type: "postgres", url: "postgres://localhost/x", table: "orders" },
  "a file": { type: "file", path: "out.jsonl" },
  "a compressed file": { type: "file", path: "out.jsonl.gz" },
  "more files": { type: "file", path: "out/{part}.csv", mode: "append", columns: ["a"] },
  "a topic": { type: "kafka", brokers: "localhost:9092", topic: "orders" },
};

const ONCE = "every source record takes effect once";
const PROMISED: { readonly [sink: string]: string } = {
  "a table": `${ONCE}, also after kill -9 (position in the data's transaction)`,
  "a file": `${ONCE} in the finished file, which appears only when it is complete`,
  "a compressed file": `${ONCE} in the finished file, which appears only when it is complete; a resumed run gives the same bytes once they are decompressed`,
  "more files": `${ONCE} in the finished files, each of which appears when it is complete`,
  "a topic": `${ONCE} for readers with read_committed, also after kill -9 (position in the messages' transaction)`,
};

/** The beginnings of the warnings, by what has them. */
const AGAIN = "a second run appends the same files again (incremental: false)";
const LAST = "the result holds only what the last run read";
const WAITS = "a last record without a line end waits for a later run";
const ARRAY = "an array in which the end of a broken element cannot be told ends the run";
const UNCOMMITTED = "a reader with read_uncommitted sees messages of units that are taken back and sent again";
const LINES = "every line is a good record, whatever it holds";

function warningsOf(source: string, sink: string): readonly string[] {
  const appends = sink === "a table" || sink === "more files" || sink === "a topic";
  const growing = source === "growing csv files";
  return [
    ...(appends && !growing ? [AGAIN] : []),
    ...(!appends && growing ? [LAST] : []),
    ...(growing ? [WAITS] : []),
    ...(source === "a json array" ? [ARRAY] : []),
    ...(source === "text files" ? [LINES] : []),
    ...(sink === "a topic" ? [UNCOMMITTED] : []),
  ];
}

const job = (changes: Partial<JobConfig>) =>
  defineJob({
    name: "orders",
    source: { type: "file", path: "orders.csv" },
    sink: { type: "file", path: "out.jsonl" },
    ...changes,
  });

function sinkOfOnesOwn(effect: "once" | "at-least-once") {
  const resolve = () => Promise.reject(new TypeError("nothing is opened"));
  return defineSink({ name: "table", effect, options: z.strictObject({}), resolve })({});
}

const pairs = Object.keys(SOURCES).flatMap((source) => Object.keys(SINKS).map((sink) => [source, sink] as const));

describe("promiseOf()", () => {
  test.each(pairs)("from %s into %s", (source, sink) => {
    const [promise, ...others] = promiseOf(job({ source: SOURCES[source] as never, sink: SINKS[sink] }));
    expect(others).toEqual([]);
    const over = source === "growing csv files" ? "; over all runs of the job together" : "";
    expect(promise?.promise).toBe(`${PROMISED[sink]}${over}`);
    expect(promise?.weakenedBy).toEqual([]);
    const wanted = warningsOf(source, sink).map((edge) => ({ edge: expect.stringContaining(edge) }));
    expect(promise?.warnings).toMatchObject(wanted);
    expect(promise?.warnings).toHaveLength(wanted.length);
  });

  test("has a promise for every source and sink that can run", () => {
    const plain = job({});
    for (const source of builtConnectors("source")) {
      for (const sink of builtConnectors("sink")) {
        const own = { ...sinkOfOnesOwn("once"), type: sink };
        const pair = {
          ...plain,
          source: { ...plain.source, type: source, module: {}, pagination: { type: "none" } },
          sinks: { sink: own },
        };
        expect(promiseOf(pair as unknown as typeof plain)[0]?.promise, `${source} ${sink}`).toContain(
          sink === "http" ? "at least once" : ONCE,
        );
      }
    }
    const later = { ...plain, source: { ...plain.source, type: "letters" } } as unknown as typeof plain;
    expect(promiseOf(later)[0]?.promise).toBe("nothing is promised for this pair yet");
  });

  test("begins with the answer where records are sent, and says what a sender has to do", () => {
    const [promise] = promiseOf(job({ source: { type: "webhook", path: "/x" }, sink: SINKS["a table"] }));
    expect(promise?.promise).toContain("its source records are those of the requests that were answered with 202");
    expect(promise?.warnings.map(({ edge }) => edge)).toEqual([
      expect.stringContaining("a request without idempotency-key is taken twice"),
      expect.stringContaining("whoever reaches the address may send"),
    ]);
  });

  test.each<[string, Partial<JobConfig>, string, string]>([
    [
      "a transform that says so itself",
      { transform: { module: "a.ts", deterministic: false } },
      "transform.deterministic: false: a record that is tried again after a crash may come out differently",
      "let its result depend on the record alone",
    ],
    [
      "fields that go unnoticed",
      { sink: { ...(SINKS["a table"] as object), onUnknownField: "ignore" } as never },
      "onUnknownField: ignore: what is no column of the table is left out, and no reject tells of it",
      "onUnknownField: error",
    ],
    [
      "a topic that is written without transactions",
      { sink: { ...(SINKS["a topic"] as object), transactional: false } as never },
      "transactional: false: positions are noted after the messages, and a crash between the two sends some again",
      "transactional: true",
    ],
  ])("is weakened by %s", (_, changes, edge, change) => {
    expect(promiseOf(job(changes))[0]?.weakenedBy).toEqual([{ edge, change }]);
  });

  test("is what a connector of one's own says, and weakened by a source that cannot be read again", () => {
    const resolve = () => Promise.reject(new TypeError("nothing is opened"));
    const source = defineSource({
      name: "tcp",
      format: "jsonl",
      replayable: false,
      options: z.strictObject({}),
      resolve,
    });
    const [promise] = promiseOf(job({ source: source({}), sink: sinkOfOnesOwn("at-least-once") }));
    expect(promise).toMatchObject({
      promise: "at least once: what was sent and not noted before a crash is sent again",
      weakenedBy: [{ edge: expect.stringMatching(/^its source cannot be read again/) }],
    });
  });

  test("is not weakened by a transform as such", () => {
    expect(promiseOf(job({ transform: "a.ts" }))[0]).toMatchObject({ weakenedBy: [], warnings: [] });
  });

  test("warns of rejects that may be twice in their topic", () => {
    const rejects = { type: "kafka", brokers: "localhost:9092", topic: "orders-dead" } as const;
    expect(promiseOf(job({ rejects }))[0]).toMatchObject({
      weakenedBy: [],
      warnings: [
        {
          edge: "after a crash a reject may be in its topic twice, with the same key (rejects.type: kafka)",
          change: expect.stringContaining("cleanup.policy=compact"),
        },
      ],
    });
  });

  const topic = { type: "kafka", brokers: "localhost:9092", topics: "orders", group: "g" } as const;
  test.each<[string, Partial<JobConfig>, readonly string[]]>([
    [
      "a schedule that brings everything again",
      { sink: SINKS["a table"], trigger: { type: "cron", schedule: "0 2 * * *" } },
      ["the run of every slot appends the same files again (incremental: false)"],
    ],
    [
      "new files that bring the old ones again",
      { sink: SINKS["a table"], trigger: { type: "watch" } },
      ["the run for every new file appends the same files again (incremental: false)"],
    ],
    [
      "a chain that brings everything again",
      { sink: SINKS["a table"], trigger: { type: "after", job: "load" } },
      ["the run after every success of load appends the same files again (incremental: false)"],
    ],
    [
      "slots of a source without an end",
      {
        source: topic,
        sink: SINKS["a table"],
        trigger: { type: "interval", every: "1h" },
        alerts: { noSuccessFor: "1d", runDuration: "1h" },
      },
      [
        "a run of this source never ends by itself, so slots find the one before still running (trigger: interval)",
        "alerts.runDuration never fires: a run of this source is not meant to end",
      ],
    ],
    [
      "alerts that cannot fire",
      { trigger: { type: "manual" }, alerts: { lag: 10, missedSlot: true, webhook: "https://alerts.example" } },
      [
        "alerts.lag never fires: a file source has no records that wait elsewhere",
        "alerts.missedSlot never fires: a job that is started by hand has no times to miss (trigger: manual)",
      ],
    ],
    [
      "a webhook that is told nothing",
      { alerts: { failed: false, webhook: "https://alerts.example" } },
      ["alerts.webhook is never told anything: no condition is set"],
    ],
    [
      "nothing where schedule, source and alerts go together",
      {
        source: { ...topic, until: "end" },
        sink: SINKS["a table"],
        trigger: { type: "interval", every: "1h" },
        alerts: { lag: 10, missedSlot: true, noSuccessFor: "1d", webhook: "https://alerts.example" },
      },
      [],
    ],
  ])("warns of %s", (_, changes, edges) => {
    expect(promiseOf(job(changes))[0]?.warnings.map(({ edge }) => edge)).toEqual(edges);
  });

  test("warns of calls that may be made again, and of several sinks that are not one", () => {
    const { "a table": table, "a file": file } = SINKS;
    const { sink: _, ...rest } = { ...(job({}).definition.config as object) } as JobConfig;
    const fanOut = defineJob({
      ...rest,
      transform: { module: "a.ts", mode: "async" },
      sinks: { db: table as never, file: file as never },
    });
    const [db, archive] = promiseOf(fanOut);
    expect(archive?.warnings.map(({ edge }) => edge)).toEqual([
      expect.stringMatching(/^what the transform itself does outside .* may happen again/),
      expect.stringMatching(/^each sink keeps its own promise/),
    ]);
    expect(db?.warnings.map(({ edge }) => edge)).toContain(AGAIN);
  });
});
