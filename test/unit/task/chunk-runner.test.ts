import { describe, expect, test } from "vitest";
import { TestThread } from "../../support/run-chunk.ts";

const csvSink = { sink: "sink", format: "csv", needsColumns: true } as const;
const texts = (rows: readonly (readonly [number, string])[] | undefined) => rows?.map(([, row]) => row);
const filtered = ({ reply }: Awaited<ReturnType<TestThread["run"]>>) => reply.outputs[0]?.filtered;
const bare = ({ reply }: Awaited<ReturnType<TestThread["run"]>>) =>
  reply.rejects.map(({ record, stage, code, message }) => ({ record, stage, code, message }));

describe("ChunkRunner", () => {
  test("decodes, transforms and encodes, and says where everything is", async () => {
    const { reply, rows, spans, begun } = await new TestThread({ transform: "upper" }).run('1,a\n"2",b\n3,c');
    expect(rows["sink"]).toEqual([
      [0, '{"id":"1","name":"A"}\n'],
      [1, '{"id":"2","name":"B"}\n'],
      [2, '{"id":"3","name":"C"}\n'],
    ]);
    expect(spans).toEqual([0, 3, 4, 9, 10, 13]);
    expect(reply).toMatchObject({
      records: 3,
      end: 13,
      lines: 2,
      rejects: [],
      index: null,
      busyMs: 1,
      columns: {},
    });
    expect(begun).toEqual([0, 1, 2]);
  });

  test("passes records on untouched without a transform", async () => {
    const { rows } = await new TestThread({ format: "jsonl" }).run('{"id": 12345678901234567890}\n[1, 2]\n"text"\n');
    expect(texts(rows["sink"])).toEqual(['{"id": 12345678901234567890}\n', "[1, 2]\n", '"text"\n']);
  });

  test("leaves an incomplete record alone when more follows", async () => {
    const { reply } = await new TestThread().run("1,a\n2,", { final: false });
    expect(reply).toMatchObject({ records: 1, end: 4, lines: 1 });
  });

  test("decodes what the source has framed", async () => {
    const { reply, spans } = await new TestThread().run("1,a2,b", { ends: Int32Array.of(3, 6) });
    expect([reply.records, spans]).toEqual([2, [0, 3, 3, 6]]);
  });

  test("starts every chunk anew", async () => {
    const thread = new TestThread({ transform: "evenOnly" });
    const first = await thread.run("1,a\n2,b\nx\n");
    const second = await thread.run("4,d\n");
    expect([filtered(first), first.reply.rejects.length]).toEqual([1, 1]);
    expect([second.reply.records, filtered(second), second.reply.rejects]).toEqual([1, 0, []]);
    expect(texts(second.rows["sink"])).toEqual(['{"id":"4","name":"d"}\n']);
  });
});

describe("A transform", () => {
  test("filters with null and with an empty array", async () => {
    const some = await new TestThread({ transform: "evenOnly" }).run("1,a\n2,b\n3,c\n");
    expect([filtered(some), some.rows["sink"]?.length]).toEqual([2, 1]);
    const all = await new TestThread({ transform: "none" }).run("1,a\n2,b\n");
    expect([filtered(all), all.reply.rejects, all.rows["sink"]]).toEqual([2, [], []]);
  });

  test("gives several records with an array, which stand together", async () => {
    const { rows, reply } = await new TestThread({ transform: "twice" }).run("1,a\n2,b\n");
    expect(rows["sink"]?.map(([record]) => record)).toEqual([0, 0, 1, 1]);
    expect(texts(rows["sink"])?.[3]).toBe('{"id":"2","name":"b again"}\n');
    expect(reply.records).toBe(2);
  });

  test.each([
    ["nothing", "TRANSFORM_NO_RESULT", "the transform returned nothing; return a record, or null to filter it"],
    ["withHole", "TRANSFORM_NO_RESULT", "output 1 of 2 is null; leave it out instead"],
    ["throwingText", "TRANSFORM_FAILED", "just a text"],
    ["throwingNothingShown", "TRANSFORM_FAILED", "something was thrown that cannot be shown as text"],
  ])("is rejected for what %s does", async (transform, code, message) => {
    expect(bare(await new TestThread({ transform }).run("1,a\n"))).toEqual([
      { record: 0, stage: "transform", code, message },
    ]);
  });

  test.each(["later", "laterFailing"])(
    "that gives a promise outside mode async ends the run: %s",
    async (transform) => {
      await expect(new TestThread({ transform }).run("1,a\n")).rejects.toMatchObject({
        code: "TRANSFORM_INVALID",
        message: "the transform returned a promise, which only mode async can wait for; set transform.mode to async",
      });
    },
  );

  test("that throws is told with the user's own file and line, and only its record is rejected", async () => {
    const outcome = await new TestThread({ transform: "throwing" }).run("1,a\n2,b\n3,c\n");
    expect(bare(outcome)).toEqual([
      {
        record: 1,
        stage: "transform",
        code: "TRANSFORM_FAILED",
        message: expect.stringMatching(/^transforms\.ts:35:\d+: no two$/),
      },
    ]);
    expect(outcome.rows["sink"]).toHaveLength(2);
  });

  test("rejects its record with a reason, its bytes and its place", async () => {
    const { reply } = await new TestThread({ transform: "refusing" }).run('1,a\n2,"b\nc"\n3,c\n');
    expect(reply.rejects).toEqual([
      {
        record: 1,
        offset: 4,
        line: 1,
        stage: "transform",
        code: "TRANSFORM_REJECTED",
        message: "not two",
        raw: '2,"b\nc"',
        rawEncoding: "utf8",
      },
    ]);
  });

  test("keeps the source's bytes where the decoder reads from a copy without their escapes", async () => {
    const fields = ["id", "name"].map((name) => [name, "text"]);
    const rows = [String.raw`1	a\nb`, String.raw`2	c\td\\`];
    const text = `${rows.join("\n")}\n`;
    const ends = Int32Array.of(text.indexOf("\n") + 1, text.length);
    const thread = new TestThread({ format: "pg-copy", formatOptions: { fields }, transform: "refusing" });
    const { reply } = await thread.run(text, { ends });
    expect(reply.rejects.map(({ raw }) => raw)).toEqual([rows[1]]);
  });

  test("knows its job, run, split and line", async () => {
    const { rows } = await new TestThread({ transform: "places" }).run('1,"a\nb"\n2,b\n');
    expect(texts(rows["sink"])).toEqual([
      '{"job":"orders","run":"run-1","split":"a.csv","line":2}\n',
      '{"job":"orders","run":"run-1","split":"a.csv","line":4}\n',
    ]);
    const without = await new TestThread({ transform: "places" }).run("1,a\n", { firstLine: undefined });
    expect(texts(without.rows["sink"])).toEqual(['{"job":"orders","run":"run-1","split":"a.csv"}\n']);
  });

  test("may change the record it is given", async () => {
    const csv = await new TestThread({ transform: "mutated" }).run("1,a\n2,b\n");
    expect(texts(csv.rows["sink"])).toEqual(['{"id":"1","name":"a!"}\n', '{"id":"2","name":"b!"}\n']);
    const jsonl = await new TestThread({ transform: "mutated", format: "jsonl" }).run('{"id": 1.50, "name": "a"}\n');
    expect(texts(jsonl.rows["sink"])).toEqual(['{"id":1.50,"name":"a!"}\n']);
  });
});

describe("ChunkRunner with faults of the source", () => {
  test("rejects a malformed record before the transform sees it, with its bytes", async () => {
    const outcome = await new TestThread({ transform: "upper" }).run('1,a\n2,b"\n3\n4,d\n');
    expect(bare(outcome).map(({ record, stage, code }) => [record, stage, code])).toEqual([
      [1, "decode", "CSV_STRAY_QUOTE"],
      [2, "decode", "CSV_FIELD_COUNT"],
    ]);
    expect(outcome.reply.rejects.map(({ raw, line, offset }) => [raw, line, offset])).toEqual([
      ['2,b"', 1, 4],
      ["3", 2, 9],
    ]);
    expect(outcome.rows["sink"]?.map(([record]) => record)).toEqual([0, 3]);
    expect([outcome.reply.records, filtered(outcome)]).toEqual([4, 0]);
  });

  test("keeps bytes that are no text as base64", async () => {
    const thread = new TestThread({ columns: { name: { type: "int" } } });
    const { reply } = await thread.run("1,\u0000\n");
    expect(reply.rejects[0]).toMatchObject({
      code: "VALUE_INVALID",
      raw: Buffer.from("1,\u0000").toString("base64"),
      rawEncoding: "base64",
    });
  });
});

describe("ChunkRunner with outputs that a sink cannot take", () => {
  test("takes back the siblings of a refused output and says which it was", async () => {
    const outcome = await new TestThread({ transform: "second" }).run("1,a\n2,b\n3,c\n");
    expect(outcome.rows["sink"]?.map(([record]) => record)).toEqual([0, 0, 2, 2]);
    expect(outcome.reply.rejects).toMatchObject([
      { record: 1, stage: "write", sink: "sink", output: 1, code: "VALUE_INVALID", raw: "2,b" },
    ]);
  });

  test("names no output where there is only one", async () => {
    const thread = new TestThread({ transform: "wider", sinks: [{ ...csvSink, columns: [{ name: "id" }] }] });
    const { reply } = await thread.run("1,a\n2,b\n");
    expect(reply.rejects).toMatchObject([{ record: 1, stage: "write", sink: "sink", code: "FIELD_UNKNOWN" }]);
    expect(reply.rejects[0]).not.toHaveProperty("output");
  });

  test("refuses for one sink and writes to the other", async () => {
    const narrow = { ...csvSink, sink: "narrow", columns: [{ name: "id" }] };
    const { rows, reply } = await new TestThread({ transform: "wider", sinks: [narrow, { sink: "wide" }] }).run(
      "1,a\n2,b\n",
    );
    expect([texts(rows["narrow"]), rows["wide"]?.length]).toEqual([["1\n"], 2]);
    expect(reply.rejects.map(({ sink }) => sink)).toEqual(["narrow"]);
  });

  test.each([
    ["getters", "the output cannot be written: no name for two"],
    ["jsonless", "the output cannot be written: no JSON"],
  ])("rejects where the output's own code throws: %s", async (transform, message) => {
    const { reply } = await new TestThread({ transform }).run("2,b\n");
    expect(reply.rejects).toMatchObject([{ record: 0, stage: "write", code: "VALUE_INVALID", message }]);
  });
});

describe("ChunkRunner where output columns are to be found", () => {
  const finding = (options: ConstructorParameters<typeof TestThread>[0] = {}) =>
    new TestThread({ sinks: [csvSink], ...options });

  test("takes the union of the keys over the chunk and tells it", async () => {
    const { rows, reply, begun } = await finding({ transform: "wider" }).run("1,a\n2,b\n");
    expect(reply.columns).toEqual({ sink: ["id", "extra"] });
    expect(texts(rows["sink"])).toEqual(["1,\n", "2,1\n"]);
    expect(begun).toEqual([0, 1]);
  });

  test("uses what it is told instead", async () => {
    const { rows, reply } = await finding({ transform: "wider" }).run("1,a\n2,b\n", {
      columns: { sink: ["extra", "id"] },
    });
    expect(reply.columns).toEqual({ sink: ["extra", "id"] });
    expect(texts(rows["sink"])).toEqual([",1\n", "1,2\n"]);
  });

  test("uses what was settled for all, whatever it has found before, and is not deceived by a sink's name", async () => {
    const thread = finding({ transform: "wider", sinks: [{ ...csvSink, sink: "constructor" }] });
    const { reply: first } = await thread.run("1,a\n");
    const { reply: open } = await thread.run("2,b\n");
    expect([first.columns, open.columns]).toEqual([{ constructor: ["id"] }, { constructor: ["id", "extra"] }]);
    const { reply: settled } = await thread.run("2,b\n", { columns: { constructor: ["id"] } });
    expect(settled.columns).toEqual({ constructor: ["id"] });
    expect(settled.rejects).toMatchObject([{ code: "FIELD_UNKNOWN" }]);
  });

  test("tells rejects of both passes in the order of their records", async () => {
    const { reply } = await finding({ transform: "strange" }).run('1,a\n2,b\n"x"y\n3,c\n4,d\n');
    expect(reply.columns).toEqual({ sink: ["id", "name"] });
    expect(reply.rejects.map(({ record, code }) => [record, code])).toEqual([
      [1, "NOT_AN_OBJECT"],
      [2, "CSV_STRAY_QUOTE"],
      [3, "NOT_AN_OBJECT"],
    ]);
  });

  test.each([
    ["strings", "NOT_AN_OBJECT"],
    ["empties", "VALUE_INVALID"],
  ])("rejects every record of a chunk in which none has a field, and finds none: %s", async (transform, code) => {
    const thread = finding({ transform });
    const { reply } = await thread.run("1,a\n2,b\n");
    expect(reply.rejects.map((reject) => reject.code)).toEqual([code, code]);
    expect([reply.columns, reply.outputs[0]?.rows]).toEqual([{}, 0]);
  });

  test("finds none where everything was filtered", async () => {
    const outcome = await finding({ transform: "none" }).run("1,a\n");
    expect([outcome.reply.columns, filtered(outcome)]).toEqual([{}, 1]);
  });

  const timed = { fields: ["id", "at"], columns: { at: { type: "timestamp" } } } as const;
  const when = "2026-01-02T03:04:05.123456Z";

  test("keeps the microseconds of untouched timestamps", async () => {
    const { rows } = await finding({ ...timed, transform: "stamped" }).run(`1,${when}\n`);
    expect(texts(rows["sink"])).toEqual([`1,${when},true\n`]);
    const identity = await finding(timed).run(`1,${when}\n`);
    expect(texts(identity.rows["sink"])).toEqual([`1,${when}\n`]);
  });

  test("writes a timestamp that was made or changed as it is now", async () => {
    const made = await finding({ ...timed, transform: "shifted" }).run(`1,${when}\n`);
    expect(texts(made.rows["sink"])).toEqual(["1,2026-01-02T03:04:06.123Z\n"]);
    const changed = await finding({ ...timed, transform: "bump" }).run(`1,${when}\n`);
    expect(texts(changed.rows["sink"])).toEqual(["1,2026-01-02T03:04:06.123Z\n"]);
  });
});

describe("ChunkRunner after a thread's death", () => {
  test("turns a poison record into a reject without touching it", async () => {
    const poison = [{ record: 1, code: "TRANSFORM_CRASHED", message: "it ended its thread" } as const];
    const { reply, rows } = await new TestThread({ transform: "upper" }).run("1,a\n2,b\n3,c\n", { poison });
    expect(reply.rejects).toMatchObject([{ record: 1, stage: "transform", code: "TRANSFORM_CRASHED", raw: "2,b" }]);
    expect(rows["sink"]?.map(([record]) => record)).toEqual([0, 2]);
  });

  test("runs one record alone when asked to", async () => {
    const { begun, rows } = await new TestThread({ transform: "upper" }).run("1,a\n2,b\n3,c\n", { only: 1 });
    expect([begun, rows["sink"]]).toEqual([[1], [[1, '{"id":"2","name":"B"}\n']]]);
    const unready = await new TestThread({ transform: "upper", sinks: [csvSink] }).run("1,a\n2,b\n", { only: 1 });
    expect([unready.begun, unready.rows["sink"], unready.reply.columns]).toEqual([[1], [], {}]);
    const faulty = await new TestThread({ transform: "upper" }).run('1,a\n2,b"\n', { only: 1 });
    expect(faulty.rows["sink"]).toEqual([]);
  });

  test("marks poison while it looks for columns, too", async () => {
    const poison = [{ record: 0, code: "TRANSFORM_TIMEOUT", message: "it stood still" } as const];
    const { reply, rows } = await new TestThread({ sinks: [csvSink] }).run("1,a\n2,b\n", { poison });
    expect(reply.rejects).toMatchObject([{ record: 0, code: "TRANSFORM_TIMEOUT" }]);
    expect(texts(rows["sink"])).toEqual(["2,b\n"]);
  });
});

describe("ChunkRunner with little memory", () => {
  test("makes its own where the lent one is outgrown, and says so", async () => {
    const out = [new SharedArrayBuffer(8)];
    const index = new SharedArrayBuffer(8);
    const { reply, rows, spans } = await new TestThread().run("1,a\n2,b\n", { out, index });
    expect(reply.index).toBeInstanceOf(SharedArrayBuffer);
    expect(reply.outputs[0]?.memory).toBeInstanceOf(SharedArrayBuffer);
    expect(texts(rows["sink"])).toEqual(['{"id":"1","name":"a"}\n', '{"id":"2","name":"b"}\n']);
    expect(spans).toEqual([0, 3, 4, 7]);
  });
});
