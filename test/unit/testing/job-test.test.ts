import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { defineJob } from "../../../src/config/define-job.ts";
import type { Job } from "../../../src/config/job.ts";
import type { JobConfig } from "../../../src/config/job-shape.ts";
import { crashEverywhere } from "../../../src/testing/crash-everywhere.ts";
import { Faults } from "../../../src/testing/faults.ts";
import { JobTest } from "../../../src/testing/job-test.ts";
import { testJob } from "../../../src/testing/test-job.ts";

const baseDir = mkdtempSync(path.join(os.tmpdir(), "millrace-testing-"));
afterAll(() => rmSync(baseDir, { recursive: true }));

const module = `
export default (order, context) => {
  if (order.quantity === 0) return null;
  if (order.quantity < 0) context.reject("less than nothing");
  return order.quantity > 5 ? [order, { ...order, quantity: 5 }] : { ...order, total: order.quantity * 2 };
};
export const route = (order) => (order.quantity > 5 ? ["much", "all"] : "all");
`;
writeFileSync(path.join(baseDir, "orders.ts"), module.replace(/export const route.*\n/, ""));
writeFileSync(path.join(baseDir, "routed.ts"), module);

function jobOf(config: Partial<JobConfig> = {}): Job {
  const file = { type: "file", path: "never-read.csv" } as const;
  const base = { name: "orders", source: file, columns: { id: "int", quantity: "int" }, transform: "./orders.ts" };
  return defineJob({ ...base, sink: { type: "file", path: "never-written.jsonl" }, ...config } as JobConfig, {
    baseDir,
  });
}

const twoSinks = {
  transform: "./routed.ts",
  sink: undefined,
  sinks: { all: { type: "file", path: "a.jsonl" }, much: { type: "file", path: "b.jsonl" } },
} as unknown as Partial<JobConfig>;
const orders = [3, 0, -1, 7, 2, 1, 9, 4].map((quantity, id) => ({ id, quantity, note: `n${id}` }));
const lax = { errors: { maxRejectRate: 1 } };

describe("testJob()", () => {
  test("gives outputs, rejects and events of the job's own transform", async () => {
    const { summary, outputs, rejects, events } = await testJob(jobOf(lax), orders);
    expect(summary).toMatchObject({
      state: "succeeded",
      read: 8,
      written: 6,
      filtered: 1,
      rejected: 1,
      balanced: true,
    });
    expect(outputs["sink"]).toHaveLength(8);
    expect(outputs["sink"]?.[0]).toEqual({ id: 0, quantity: 3, note: "n0", total: 6 });
    expect(rejects).toMatchObject([{ message: "less than nothing", position: { ordinal: 2n } }]);
    expect(events.at(-1)).toMatchObject({ kind: "run-ended", state: "succeeded" });
  });

  test("reads text in the job's own format", async () => {
    const { outputs, rejects } = await testJob(jobOf(lax), "id,quantity,note\n1,2,x\nbad,2,y\n");
    expect(outputs["sink"]).toEqual([{ id: 1, quantity: 2, note: "x", total: 4 }]);
    expect(rejects).toMatchObject([{ stage: "decode", raw: "bad,2,y", split: "input" }]);
  });

  test("hides no retry: a server that is away is waited for on the test's clock", async () => {
    const { summary, events } = await testJob(jobOf(), orders.slice(3), {
      faults: [
        { at: "sink.begin", times: 3, does: "fail" },
        { at: "sink.commit", does: "lose-reply" },
      ],
    });
    expect(summary).toMatchObject({ state: "succeeded", written: 5, balanced: true });
    expect(events.filter(({ kind }) => kind === "retrying").length).toBeGreaterThanOrEqual(3);
  });

  test("rejects the rows that a sink refuses", async () => {
    const refuse = (row: string): string | undefined => (row.includes('"id":4') ? "no fours" : undefined);
    const { summary, outputs, rejects } = await testJob(jobOf(lax), orders, { refuse });
    expect(summary).toMatchObject({ written: 5, rejected: 2 });
    expect(outputs["sink"]).toHaveLength(7);
    expect(rejects).toMatchObject([{ stage: "transform" }, { stage: "write", message: "no fours", sink: "sink" }]);
  });

  test("fails as the job would: a fault that nothing helps is told", async () => {
    const { summary } = await testJob(jobOf(), orders.slice(3), { faults: [{ at: "sink.commit", does: "break" }] });
    expect(summary).toMatchObject({ state: "failed", written: 0, error: { code: "SINK_FAILED" } });
  });
});

describe("JobTest", () => {
  test("goes on where a killed run stood, and knows what an incremental job has read", async () => {
    const source = { type: "file", path: "never.csv", incremental: true } as const;
    const job = jobOf({ source, sink: { type: "file", path: "{part}.jsonl", mode: "append" } });
    const world = new JobTest(job, orders.slice(3), { chunkRecords: 2 });
    const killed = await world.run(new Faults([{ at: "sink.commit", nth: 2, does: "kill-after" }]));
    expect(killed.state).toBe("interrupted");
    expect((await world.run()).state).toBe("succeeded");
    expect(world.sink.records).toHaveLength(7);
    world.source.append("input", '"10","1","new"\n');
    expect(await world.run()).toMatchObject({ read: 1, written: 1 });
    expect(world.sink.records.at(-1)).toMatchObject({ id: 10 });
  });
});

describe("crashEverywhere()", () => {
  test.each([
    ["one sink", {}],
    ["several sinks", twoSinks],
  ])("finds every record once after a kill at every step: %s", async (_, config) => {
    const refuse = (row: string): string | undefined => (row.includes('"id":4') ? "no fours" : undefined);
    const { steps, kills } = await crashEverywhere(jobOf({ ...lax, ...config }), orders, { refuse });
    expect(steps).toBeGreaterThan(10);
    expect(kills).toBe(2 * steps);
  });

  test("tells the step at which a record was doubled", async () => {
    writeFileSync(
      path.join(baseDir, "moody.ts"),
      "let calls = 0;\nexport default (order) => ({ ...order, call: calls++ });\n",
    );
    const proof = crashEverywhere(jobOf({ transform: "./moody.ts" }), orders.slice(3), { kills: 3 });
    await expect(proof).rejects.toThrow(/kill-before step \d+ \(\S+.*\): not what an undisturbed run leaves/);
  });
});
