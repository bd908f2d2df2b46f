/** Modes of transforms in real threads: what ends a thread, what is set up in one, and fixtures. */
import { describe, expect, test } from "vitest";
import { Project } from "../support/project.ts";

/** Records 1 to 60, of which some end their thread in their own way. */
const FATAL = `
type Item = { id: number };
const fatal = (item: Item): void => {
  if (item.id === 7) throw new TypeError("seven");
  if (item.id === 23) process.exit(3);
  if (item.id === 31) for (;;);
};
`;

const modules: { readonly [mode: string]: string } = {
  record: `${FATAL}export default (item: Item) => { fatal(item); return item; };`,
  chunk: `${FATAL}export const transformChunk = (items: Item[]) => items.map((item) => { fatal(item); return item; });`,
  async: `${FATAL}export default async (item: Item) => { await null; fatal(item); return item; };`,
};

const job = (change: object) => ({
  source: { type: "file", path: "in.csv" },
  columns: { id: "int" },
  workers: 2,
  chunk: { records: 20 },
  sink: { type: "file", path: "out.jsonl" },
  rejects: { type: "file", path: "rejects.jsonl" },
  ...change,
});

const ids = Array.from({ length: 60 }, (_, index) => index + 1);
const input = `id\n${ids.join("\n")}\n`;

describe("Every record but those at fault arrives, whatever ends a thread,", () => {
  test.each(Object.entries(modules))("in mode %s", async (mode, text) => {
    using project = new Project();
    project.write("in.csv", input);
    project.write("fatal.ts", text);
    const transform = { module: "./fatal.ts", mode, timeout: "1s" };
    const { summary, err } = await project.summaryOf([project.job(job({ transform, errors: { maxRejectRate: 1 } }))]);
    expect(summary, err).toMatchObject({ state: "succeeded", read: 60, written: 57, rejected: 3, balanced: true });
    expect(project.readLines("rejects.jsonl").map(({ raw, code, message }) => [raw, code, message])).toEqual([
      ["7", "TRANSFORM_FAILED", "fatal.ts:4:28: seven"],
      ["23", "TRANSFORM_CRASHED", expect.stringContaining("process.exit or a crash")],
      ["31", "TRANSFORM_TIMEOUT", expect.stringContaining("made no progress within its timeout")],
    ]);
    const written = project.readLines<{ id: number }>("out.jsonl").map(({ id }) => id);
    expect(written).toEqual(ids.filter((id) => ![7, 23, 31].includes(id)));
  });
});

test.each(["record", "chunk"])("A record that eats its thread's memory is rejected alone in mode %s", async (mode) => {
  using project = new Project();
  project.write("in.csv", input);
  project.write(
    "eats.ts",
    `type Item = { id: number };
const eat = (item: Item): Item => {
  if (item.id === 47) for (const eaten: unknown[] = []; ; ) eaten.push(new Array(1000).fill(item));
  return item;
};
export const transformChunk = (items: Item[]) => items.map(eat);
export default eat;
`,
  );
  const transform = { module: "./eats.ts", mode, memory: "32MiB" };
  const { summary, err } = await project.summaryOf([project.job(job({ transform, errors: { maxRejectRate: 1 } }))]);
  expect(summary, err).toMatchObject({ state: "succeeded", read: 60, written: 59, rejected: 1, balanced: true });
  const message = "the transform ran out of memory and ended its thread (transform.memory is its limit)";
  expect(project.readLines("rejects.jsonl")).toMatchObject([{ raw: "47", code: "TRANSFORM_CRASHED", message }]);
});

describe("The module of a transform", () => {
  test("is set up and torn down in its threads", async () => {
    using project = new Project();
    project.write("in.csv", input);
    project.write(
      "rates.ts",
      `import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
export const setup = async () => ({ rate: await sleep(5, 1.5) });
export const teardown = async ({ resources }: { resources: { rate: number } }) => {
  await sleep(5);
  appendFileSync("torn-down.txt", \`\${resources.rate}\\n\`);
};
export default async (item: { id: number }, { resources, signal }: any) =>
  ({ id: item.id * resources.rate, waited: await sleep(1, !signal.aborted) });
`,
    );
    const transform = { module: "./rates.ts", mode: "async", concurrency: 10 };
    const { summary, err } = await project.summaryOf([project.job(job({ transform, workers: 1 }))]);
    expect(summary, err).toMatchObject({ state: "succeeded", written: 60, rejected: 0 });
    expect(project.readLines("out.jsonl").at(-1)).toEqual({ id: 90, waited: true });
    expect(project.read("torn-down.txt")).toBe("1.5\n");
  });

  test.each([
    [
      "setup",
      'export const setup = () => { throw new Error("no rates"); };\nexport default () => null;\n',
      1,
      "fix.ts: setup failed: fix.ts:1:36: no rates",
    ],
    [
      "the number of results",
      "export const transformChunk = (items: unknown[]) => items.slice(1);\n",
      2,
      "mode chunk: it returned 19 results for 20 records; give one for each, in their order",
    ],
  ])("ends the run when %s is wrong", async (_what, text, code, message) => {
    using project = new Project();
    project.write("in.csv", input);
    project.write("fix.ts", text);
    const ended = await project.run(["run", project.job(job({ transform: "./fix.ts" })), "--quiet"]);
    expect(ended.err + ended.out).toContain(message);
    expect(ended.code).toBe(code);
    expect(project.exists("out.jsonl")).toBe(false);
  });
});

describe("millrace test", () => {
  const text = `export const validate = (order: { email: string }) => order.email !== "" || "no e-mail";
export default (order: { id: number; email: string; at: Date | null }) => {
  if (order.id === 3) return null;
  if (order.id === 4) process.exit(1);
  return { ...order, email: order.email.toLowerCase(), at: order.at && new Date(order.at.getTime() + 1000) };
};
`;

  test("tries the records of its fixtures in a thread and says what came out otherwise", async () => {
    using project = new Project();
    project.write("orders.ts", text);
    const columns = { id: "int", at: { type: "timestamp", formats: ["dd.MM.yyyy"] }, price: "decimal" };
    const source = { type: "file", path: "orders.csv", csv: { header: ["id", "email", "at", "price"] } };
    const file = project.job({ ...job({ columns, source }), name: "orders", transform: "./orders.ts" });
    const good = [
      '{"in": {"id": 1, "email": "A@B.C", "at": "2026-01-02", "price": 1.50}, "out": {"id": 1, "email": "a@b.c", "at": "2026-01-02T00:00:01Z", "price": "1.50"}}',
      '{"in": "1,\\"A\\"\\"@B\\",02.01.2026,", "out": [{"id": 1.0, "email": "a\\"@b", "at": "2026-01-02T01:00:01+01:00", "price": null}]}',
      '{"in": {"id": 3, "email": "x"}, "filtered": true}',
      '{"in": {"id": 2, "email": ""}, "rejected": {"stage": "validate", "message": "no e-mail"}}',
      '{"in": {"id": 4, "email": "x"}, "rejected": {"code": "TRANSFORM_CRASHED"}}',
      '{"in": {"id": "x"}, "rejected": "expected a whole number"}',
    ];
    project.write("orders.test.jsonl", good.join("\n"));
    expect(await project.run(["test", file])).toEqual({ code: 0, signal: null, out: "6 fixtures passed\n", err: "" });
    const wrong = [
      '{"name": "case", "in": {"id": 1, "email": "A"}, "out": {"id": 2, "email": "A", "at": null, "price": null, "x": 1}}',
      '{"in": {"id": 3, "email": "x"}, "out": {"id": 3}}',
      '{"in": {"id": 1, "email": ""}, "out": {"id": 1}}',
      '{"in": {"id": 3, "email": "x"}, "rejected": true}',
    ];
    project.write("orders.test.jsonl", `${good[2]}\n\n${wrong.join("\n")}\n`);
    const ended = await project.run(["test", file]);
    expect(ended).toMatchObject({ code: 1, err: "" });
    expect(ended.out).toBe(`orders.test.jsonl:3: case
  id: expected 2, got 1
  email: expected "A", got "a"
  x: expected 1, got nothing
orders.test.jsonl:4
  expected 1 output, got 0 outputs: nothing
orders.test.jsonl:5
  expected an output, got a reject: validate TRANSFORM_REJECTED: no e-mail
orders.test.jsonl:6
  expected a reject, got nothing
5 fixtures: 1 passed, 4 failed
`);
  });

  test("says with exit code 2 what is wrong with fixtures or the module", async () => {
    using project = new Project();
    const file = project.job({ ...job({}), name: "orders", transform: "./orders.ts" });
    const missing = await project.run(["test", file]);
    expect(missing).toMatchObject({
      code: 2,
      err: expect.stringContaining("orders.test.jsonl: there is no such file. Write a line for each record to test"),
    });
    project.write("orders.test.jsonl", '{"in": {"id": 1}, "filtered": true}\n');
    expect(await project.run(["test", file])).toMatchObject({ code: 2, err: expect.stringContaining("no such file") });
  });
});
