import { beforeEach, describe, expect, test } from "vitest";
import { FakeClock } from "../../../src/testing/fake-clock.ts";
import { asynchronous, inFlight, log, plan } from "../../support/fixtures/checked.ts";
import { calls } from "../../support/fixtures/many.ts";
import { type RunnerOptions, TestThread } from "../../support/run-chunk.ts";

const fixture = (name: string): string => new URL(`../../support/fixtures/${name}.ts`, import.meta.url).pathname;
const columns = { id: { type: "int" } } as const;
const many = (options: RunnerOptions) => new TestThread({ module: fixture("many"), columns, ...options });
const checked = (options: RunnerOptions = {}) => new TestThread({ module: fixture("checked"), columns, ...options });
const values = ({ rows }: Awaited<ReturnType<TestThread["run"]>>) =>
  (rows["sink"] ?? []).map(([, row]) => JSON.parse(row) as unknown);
const rejects = ({ reply }: Awaited<ReturnType<TestThread["run"]>>) =>
  reply.rejects.map(({ record, stage, code, message }) => [record, stage, code, message]);

beforeEach(() => {
  log.length = 0;
  calls.length = 0;
  asynchronous.on = false;
  plan.setup = async () => "resources";
  Object.assign(inFlight, { now: 0, most: 0, signals: new Map() });
});

describe("Mode chunk", () => {
  test.each([
    ["fewer", "it returned 1 results for 2 records; give one for each, in their order: null filters a record, "],
    ["nothing", "it returned nothing; return one result for each record"],
    ["text", "it returned no array; return one result for each record"],
    ["promised", "it returned a promise, which only mode async can wait for"],
  ])("ends the run when the function gives no result a record: %s", async (transform, message) => {
    await expect(many({ mode: "chunk", transform }).run("1,a\n2,b\n")).rejects.toMatchObject({
      code: "TRANSFORM_INVALID",
      message: expect.stringContaining(`mode chunk: ${message}`),
    });
  });

  test("ends the run when a result is a promise", async () => {
    await expect(many({ mode: "chunk", transform: "promises" }).run("1,a\n")).rejects.toMatchObject({
      code: "TRANSFORM_INVALID",
    });
  });

  test("finds the record that a call throws on by halves", async () => {
    const text = Array.from({ length: 64 }, (_, id) => `${id},${id === 40 ? "bad" : "good"}\n`).join("");
    const outcome = await many({ mode: "chunk", transform: "failing" }).run(text);
    expect(rejects(outcome)).toEqual([
      [40, "transform", "TRANSFORM_FAILED", expect.stringMatching(/^many\.ts:\d+:\d+: a bad one$/)],
    ]);
    expect(outcome.rows["sink"]).toHaveLength(63);
    expect(calls.slice(0, 4)).toEqual([64, 32, 32, 16]);
    expect(calls).toHaveLength(13);
  });

  test("gives the function one record after another when it is to be careful, and says which", async () => {
    const outcome = await many({ mode: "chunk", transform: "failing" }).run("1,a\n2,b\n3,c\n", { careful: true });
    expect([calls, outcome.begun]).toEqual([
      [1, 1, 1],
      [0, 1, 2],
    ]);
  });

  test("names no record while it calls with several, and leaves poison out", async () => {
    const poison = [{ record: 1, code: "TRANSFORM_CRASHED", message: "it ended its thread" } as const];
    const outcome = await many({ mode: "chunk", transform: "failing" }).run("1,a\n2,bad\n3,c\n", { poison });
    expect([calls, outcome.begun]).toEqual([[2], []]);
    expect(rejects(outcome)).toEqual([[1, "transform", "TRANSFORM_CRASHED", "it ended its thread"]]);
  });

  test("runs one record alone when asked to", async () => {
    const outcome = await many({ mode: "chunk", transform: "failing" }).run("1,a\n2,b\n3,c\n", { only: 2 });
    expect([calls, outcome.begun, outcome.reply.records]).toEqual([[1], [2], 3]);
    await many({ mode: "chunk", transform: "failing" }).run("1,a\n", { only: 2 });
    expect(calls).toEqual([1]);
  });

  test("knows lines and messages by index", async () => {
    const meta = { keys: ["k", null], partition: 3 };
    const outcome = await many({ mode: "chunk", transform: "lines" }).run("1,a\n2,b\n", { meta });
    const message = { headers: null, timestamp: null, partition: 3, offset: null };
    expect(values(outcome)).toEqual([
      { job: "orders", line: 2, message: { key: "k", ...message } },
      { job: "orders", line: 3, message: { key: null, ...message } },
    ]);
  });
});

describe("Mode columns", () => {
  test("gives typed arrays for numbers, bigints, booleans and times, and marks their nulls", async () => {
    const types = { i: "int", f: "float", b: "bigint", o: "boolean", t: "timestamp", d: "decimal", j: "json" } as const;
    const declared = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }]));
    const fields = ["i", "f", "b", "o", "t", "d", "j", "s"];
    const thread = many({ mode: "columns", transform: "shown", columns: declared, fields });
    const outcome = await thread.run("1,1.5,9,true,1970-01-01T00:00:01Z,1.50,[1],x\n,,,,,,,\n");
    expect(values(outcome)[0]).toEqual({
      all: [
        ["i", "Float64Array", ["1", "NaN"], [0, 1]],
        ["f", "Float64Array", ["1.5", "NaN"], [0, 1]],
        ["b", "BigInt64Array", ["9", "0"], [0, 1]],
        ["o", "Uint8Array", ["1", "0"], [0, 1]],
        ["t", "Float64Array", ["1000", "NaN"], [0, 1]],
        ["d", "Array", ["1.50", "null"], null],
        ["j", "Array", ["1", "null"], null],
        ["s", "Array", ["x", ""], null],
      ],
    });
  });

  test("takes new arrays, null marks, a mask and reasons", async () => {
    const outcome = await many({ mode: "columns", transform: "made" }).run("1,a\n2,b\n3,c\n4,d\n");
    const same = { id: 7, big: 1_152_921_504_606_846_976, at: "1970-01-01T00:00:01.000Z", ok: true, none: null };
    expect(values(outcome)).toEqual([
      { ...same, name: "a" },
      { ...same, name: "d" },
    ]);
    expect(outcome.reply.outputs[0]?.filtered).toBe(1);
    expect(rejects(outcome)).toEqual([[2, "transform", "TRANSFORM_REJECTED", "not the third"]]);
  });

  test.each([
    ["noColumns", "it returned no object with `columns`; return { columns: { name: array } }"],
    ["shortColumn", 'column "id" has 1 elements for 2 records; give one for each, in their order'],
    ["notArray", 'column "id" is no array'],
    ["shortKeep", "keep has 1 elements for 2 records; give one for each, in their order"],
    ["shortNulls", 'nulls of "id" has 1 elements for 2 records; give one for each, in their order'],
    ["oddRejects", "`rejects` is no array of reasons"],
    ["laterColumns", "it returned a promise, which only mode async can wait for"],
  ])("ends the run when the result is none: %s", async (transform, message) => {
    await expect(many({ mode: "columns", transform }).run("1,a\n2,b\n")).rejects.toMatchObject({
      code: "TRANSFORM_INVALID",
      message: `mode columns: ${message}`,
    });
  });

  test("rejects what fits in no column", async () => {
    const thread = many({ mode: "columns", transform: "shown", format: "jsonl", columns: { n: { type: "bigint" } } });
    expect(rejects(await thread.run(`{"n": 1}\n{"n": ${2n ** 63n}}\n`))).toEqual([
      [
        1,
        "transform",
        "VALUE_INVALID",
        '"n" is beyond 64 bits, which its column cannot hold; declare it as decimal or string',
      ],
    ]);
    const bare = many({ mode: "columns", transform: "shown", format: "jsonl", columns: {} });
    expect(rejects(await bare.run("[1]\n"))).toEqual([
      [0, "transform", "NOT_AN_OBJECT", "the record has no fields, and mode columns needs them"],
    ]);
  });
});

describe("Mode async", () => {
  const later = (options: RunnerOptions = {}) => checked({ mode: "async", transform: "held", ...options });

  test("has as many calls in flight as it may, and gives results by index", async () => {
    const outcome = await later({ concurrency: 3 }).run("1,a\n2,b\n3,c\n4,d\n5,e\n");
    expect(inFlight.most).toBe(3);
    expect(outcome.rows["sink"]?.map(([record]) => record)).toEqual([0, 1, 2, 3, 4]);
  });

  test("has one call in flight when it is to be careful, and says which", async () => {
    const outcome = await later({ concurrency: 3 }).run("1,a\n2,b\n3,c\n", { careful: true });
    expect([inFlight.most, outcome.begun]).toEqual([1, [0, 1, 2]]);
  });

  test("rejects a call that takes too long and aborts its signal, whether it heeds that or not", async () => {
    const clock = new FakeClock(0);
    const running = later({ clock, timeoutMs: 5000 }).run("1,never\n2,aborted\n3,c\n");
    while (inFlight.signals.size < 3 || inFlight.now > 2) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(5000);
    const outcome = await running;
    const reason = "the transform was not done after 5 s (transform.timeout)";
    expect(rejects(outcome)).toEqual([
      [0, "transform", "TRANSFORM_TIMEOUT", reason],
      [1, "transform", "TRANSFORM_TIMEOUT", reason],
    ]);
    expect([1, 2, 3].map((id) => inFlight.signals.get(id)?.aborted)).toEqual([true, true, false]);
    expect(inFlight.signals.get(1)?.reason).toMatchObject({ name: "TimeoutError", message: reason });
    expect(values(outcome)).toEqual([{ id: 3, name: "c", checked: true }]);
  });

  test("works on two chunks side by side", async () => {
    const thread = later({ concurrency: 2 });
    const [one, two] = await Promise.all([thread.run("1,a\n2,b\n"), thread.run("3,c\n4,d\n")]);
    expect(inFlight.most).toBe(4);
    expect([values(one), values(two)]).toMatchObject([
      [{ id: 1 }, { id: 2 }],
      [{ id: 3 }, { id: 4 }],
    ]);
  });

  test("waits for a schema and a validate that are asynchronous", async () => {
    asynchronous.on = true;
    const outcome = await later().run("1,a\n2,path\n3,no\n");
    expect(values(outcome)).toEqual([{ id: 1, name: "a", checked: true }]);
    expect(rejects(outcome)).toEqual([
      [1, "validate", "SCHEMA_INVALID", "items.0.price: too small; no good"],
      [2, "validate", "TRANSFORM_REJECTED", "validate returned false"],
    ]);
  });
});

describe("A module's schema and validate", () => {
  test("reject records with their reason before the transform sees them; the schema's output is what it sees", async () => {
    const text = ["x ", "path", "many", "thrown", "no", "why", "forgotten", "seven", "throws"].map(
      (name, id) => `${id},${name}`,
    );
    const outcome = await checked().run(text.join("\n"));
    expect(values(outcome)).toEqual([{ id: 0, name: "x", checked: true, resources: "resources" }]);
    expect(rejects(outcome)).toEqual([
      [1, "validate", "SCHEMA_INVALID", "items.0.price: too small; no good"],
      [2, "validate", "SCHEMA_INVALID", "0: no; 1: no; 2: no; 3: no; 4: no; and 2 more"],
      [3, "validate", "TRANSFORM_FAILED", expect.stringMatching(/^checked\.ts:\d+:\d+: the schema threw$/)],
      [4, "validate", "TRANSFORM_REJECTED", "validate returned false"],
      [5, "validate", "TRANSFORM_REJECTED", "line 7"],
      [6, "validate", "TRANSFORM_NO_RESULT", "validate returned nothing; return true, false or a reason"],
      [
        7,
        "validate",
        "TRANSFORM_NO_RESULT",
        "validate returned a value of type number; return true, false or a reason",
      ],
      [8, "validate", "TRANSFORM_FAILED", expect.stringMatching(/^checked\.ts:\d+:\d+: validate threw$/)],
    ]);
  });

  test("end the run when they are asynchronous outside mode async", async () => {
    asynchronous.on = true;
    const failure = { code: "TRANSFORM_INVALID", message: expect.stringContaining("set transform.mode to async") };
    await expect(checked().run("1,a\n")).rejects.toMatchObject(failure);
  });
});

describe("A module's setup and teardown", () => {
  test("are called once a thread, before its first task and at its close", async () => {
    const thread = checked();
    await thread.run("1,a\n");
    const outcome = await thread.run("2,b\n");
    await thread.close();
    expect(values(outcome)).toMatchObject([{ resources: "resources" }]);
    expect(log).toEqual(["setup orders run-1 in each of 1", "teardown resources"]);
  });

  test("end the run when setup fails, with the user's own file and line, and nothing is torn down", async () => {
    plan.setup = () => Promise.reject(new TypeError("no database"));
    const thread = checked();
    await expect(thread.run("1,a\n")).rejects.toMatchObject({
      code: "SETUP_FAILED",
      message: expect.stringMatching(/^checked\.ts: setup failed: \S+modes\.test\.ts:\d+:\d+: no database$/),
    });
    await expect(thread.run("1,a\n")).rejects.toMatchObject({ code: "SETUP_FAILED" });
    await thread.close();
    expect(log).toEqual(["setup orders run-1 in each of 1"]);
  });

  test("end the run when setup is not done in time", async () => {
    const clock = new FakeClock(0);
    plan.setup = () => new Promise(() => {});
    const failure = expect(checked({ clock, timeoutMs: 800 }).run("1,a\n")).rejects.toMatchObject({
      message: "checked.ts: setup failed: it was not done after 0.8 s (transform.timeout)",
    });
    while (log.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let step = 0; step < 8; step++) await clock.advance(100);
    await failure;
  });
});

test("A transform knows the message that its record came in", async () => {
  const meta = {
    keys: ["k"],
    timestamps: Float64Array.of(5),
    offsets: BigInt64Array.of(7n),
    headers: [{ a: "b" }],
    partition: 2,
  };
  const outcome = await checked({ transform: "withMessages" }).run("1,a\n", { meta });
  expect(values(outcome)).toEqual([{ key: "k", timestamp: 5, offset: "7", headers: { a: "b" }, partition: 2 }]);
});
